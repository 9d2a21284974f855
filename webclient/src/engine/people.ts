/** Rooms and people: making, joining and leaving rooms, inviting and removing, names and levels. */
import { isUserId, type Json, list, object, text, textOrNull, texts } from '../model/events';
import { plainName } from '../model/names';
import type { Profile } from '../store/contract';
import { failure, type HttpRequest, path } from './api/http';
import type { CreateRoomRequestBody } from './api/types';
import type { Core } from './core';
import { StateChanges } from './room-state';
import { Changes } from './sync/changes';
import { setAccountData } from './sync/extensions';
import { avatarOf } from './sync/members';

const V3 = '/_matrix/client/v3';
type MembershipCall = 'invite' | 'kick' | 'ban' | 'unban';

export class People {
  private readonly changes: StateChanges;

  constructor(private readonly core: Core) {
    this.changes = new StateChanges(core);
  }

  async createPrivateChat(userId: string): Promise<string> {
    requireUserId(userId);
    const known = this.privateChatWith(userId);
    if (known !== null) {
      return known;
    }
    const roomId = await this.create({ preset: 'trusted_private_chat', invite: [userId], is_direct: true });
    await this.markDirect(userId, roomId);
    return roomId;
  }

  /** A private chat with whoever has an address, now or one day. `invited`: as `/createRoom` takes it. */
  async createChatByAddress(invited: Json): Promise<string> {
    const body = { preset: 'trusted_private_chat', invite: [], invite_3pid: [invited], is_direct: true } as const;
    const roomId = await this.create(body);
    const query = { membership: 'invite' };
    const members = await this.core.http({ method: 'GET', path: V3 + path`/rooms/${roomId}/members`, query });
    const userId = text(object(list(members.chunk)[0]).state_key);
    if (userId !== '') {
      await this.markDirect(userId, roomId);
    }
    return roomId;
  }

  async createGroup(name: string, invites: readonly string[]): Promise<string> {
    for (const userId of invites) {
      requireUserId(userId);
    }
    return this.create({ name: name.trim(), preset: 'private_chat', invite: invites, is_direct: false });
  }

  /** A room of nobody else. */
  async createNotes(): Promise<string> {
    return this.create({ preset: 'private_chat', invite: [], is_direct: false });
  }

  async join(roomIdOrAlias: string, via: readonly string[] = []): Promise<string> {
    const query = via
      .map((server) => `via=${encodeURIComponent(server)}&server_name=${encodeURIComponent(server)}`)
      .join('&');
    const mine = this.core.account.member(roomIdOrAlias, this.core.account.me);
    const answer = await this.post(path`/join/${roomIdOrAlias}` + (query === '' ? '' : `?${query}`), {}, 60_000);
    const roomId = text(answer.room_id);
    if (mine?.membership === 'invite' && mine.isDirect) {
      await this.markDirect(mine.sender, roomId);
    }
    await this.core.until((account) => account.rooms.get(roomId)?.membership === 'join');
    return roomId;
  }

  async leave(roomId: string): Promise<void> {
    await this.post(path`/rooms/${roomId}/leave`, {}, 60_000);
    await this.core.until((account) => account.rooms.get(roomId)?.membership !== 'join');
  }

  async change(call: MembershipCall, roomId: string, userId: string, reason?: string): Promise<void> {
    requireUserId(userId);
    const body = { user_id: userId, ...(reason === undefined ? {} : { reason }) };
    await this.post(`${path`/rooms/${roomId}`}/${call}`, body, 60_000);
  }

  async setState(roomId: string, type: string, content: Json): Promise<void> {
    await this.core.request('state', { room_id: roomId, type, state_key: '', content });
  }

  async setPower(roomId: string, userId: string, level: number): Promise<void> {
    await this.changes.make(roomId, 'm.room.power_levels', (levels) => ({
      ...levels,
      users: { ...object(levels.users), [userId]: level },
    }));
  }

  /** Pins a message, or takes it from those that are pinned. */
  async pin(roomId: string, eventId: string, pinned: boolean): Promise<void> {
    await this.changes.make(roomId, 'm.room.pinned_events', (content) => {
      const others = texts(content.pinned).filter((one) => one !== eventId);
      return { ...content, pinned: pinned ? [...others, eventId] : others };
    });
  }

  async setPinned(roomId: string, pinned: boolean): Promise<void> {
    const tag = V3 + path`/user/${this.core.account.me}/rooms/${roomId}/tags/m.favourite`;
    await this.core.http(pinned ? { method: 'PUT', path: tag, body: { order: 0.5 } } : { method: 'DELETE', path: tag });
  }

  /** Spec: Client-Server API, Push rules: a rule of the room that does nothing takes the place of the default ones. */
  async setMuted(roomId: string, muted: boolean): Promise<void> {
    const rule = V3 + path`/pushrules/global/room/${roomId}`;
    await this.core.http(
      muted ? { method: 'PUT', path: rule, body: { actions: [] } } : { method: 'DELETE', path: rule },
    );
  }

  async profile(userId: string): Promise<Profile> {
    requireUserId(userId);
    const answer = await this.core.http({ method: 'GET', path: V3 + path`/profile/${userId}` });
    const name = plainName({ userId, displayName: textOrNull(answer.displayname) });
    return { userId, name, avatar: avatarOf(answer.avatar_url) };
  }

  async setDisplayName(name: string): Promise<void> {
    const profile = V3 + path`/profile/${this.core.account.me}/displayname`;
    await this.core.http({ method: 'PUT', path: profile, body: { displayname: name.trim() } });
  }

  /** The private chat that I am in with this person, if there is one that they did not leave. */
  private privateChatWith(userId: string): string | null {
    const { account } = this.core;
    const rooms = texts(object(account.accountData.get('m.direct'))[userId]);
    const usable = rooms.find((roomId) => {
      const theirs = account.member(roomId, userId)?.membership;
      return account.rooms.get(roomId)?.membership === 'join' && theirs !== 'leave' && theirs !== 'ban';
    });
    return usable ?? null;
  }

  private async create(body: CreateRoomRequestBody): Promise<string> {
    const answer = await this.post('/createRoom', body, 60_000);
    const roomId = text(answer.room_id);
    await this.core.until((account) => account.rooms.get(roomId)?.membership === 'join');
    return roomId;
  }

  /** Notes in `m.direct` that a room is a private chat. Spec: Client-Server API, Direct Messaging. */
  private async markDirect(userId: string, roomId: string): Promise<void> {
    const { account } = this.core;
    const direct = object(account.accountData.get('m.direct'));
    const rooms = texts(direct[userId]);
    if (rooms.includes(roomId)) {
      return;
    }
    const content = { ...direct, [userId]: [roomId, ...rooms] };
    const changes = new Changes();
    setAccountData(account, 'm.direct', content, changes);
    await this.core.commit(changes);
    await this.core.request('account_data', { user_id: account.me, type: 'm.direct', content });
  }

  private post(tail: string, body: unknown, timeoutMs: number): Promise<Json> {
    const request: HttpRequest = { method: 'POST', path: V3 + tail, body, timeoutMs };
    return this.core.http(request);
  }
}

function requireUserId(userId: string): void {
  if (!isUserId(userId)) {
    throw failure('M_INVALID_PARAM', 'a user id looks like @name:server');
  }
}
