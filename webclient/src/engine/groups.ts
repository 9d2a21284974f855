/** Commands about groups: making them, who comes in, roles, links, bans, what was shared. Spec of ours: docs/extensions.md. */
import { asEvents, type Json, list, number, object, text } from '../model/events';
import { errorInfo } from '../store/errors';
import type { Access, Banned, GroupCommands, InviteLink } from '../store/groups';
import { type HttpRequest, path } from './api/http';
import type { Core } from './core';
import { historyCommands } from './history';
import { keepRoomData } from './own';
import type { People } from './people';
import { SLOW_MODE, WALLPAPER } from './sync/group-facts';
import { avatarOf, nameIn } from './sync/members';
import { standingAt } from './sync/views';

const V3 = '/_matrix/client/v3';
const OURS = '/_matrix/client/unstable/app.hearth';
const MUTED = 'app.hearth.muted';
const RULES: Readonly<Record<Access, string>> = { private: 'invite', knock: 'knock', public: 'public' };

export function groupCommands(core: Core & { readonly people: People }): GroupCommands {
  const http = (method: HttpRequest['method'], tail: string, body?: unknown) =>
    core.http({ method, path: tail, ...(body === undefined ? {} : { body }), timeoutMs: 60_000 });
  const room = (roomId: string) => OURS + path`/rooms/${roomId}`;
  const server = () => core.account.me.slice(core.account.me.indexOf(':') + 1);
  const state = (roomId: string, type: string, content: Json) => core.people.setState(roomId, type, content);
  return {
    makeGroup: async (draft) => {
      const initial = [
        ...(draft.avatar === null ? [] : [{ type: 'm.room.avatar', state_key: '', content: { url: draft.avatar } }]),
        ...(draft.access === 'knock'
          ? [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }]
          : []),
      ];
      const answer = await http('POST', `${V3}/createRoom`, {
        name: draft.name,
        ...(draft.topic === '' ? {} : { topic: draft.topic }),
        preset: draft.access === 'public' ? 'public_chat' : 'private_chat',
        visibility: draft.access === 'public' ? 'public' : 'private',
        ...(draft.access === 'public' ? { room_alias_name: draft.alias } : {}),
        invite: draft.invites,
        initial_state: initial,
      });
      const roomId = text(answer.room_id);
      await core.until((account) => account.rooms.get(roomId)?.membership === 'join');
      return roomId;
    },
    aliasFree: async (localpart) => {
      try {
        await http('GET', V3 + path`/directory/room/${`#${localpart}:${server()}`}`);
        return false;
      } catch (error) {
        if (errorInfo(error).errcode === 'M_NOT_FOUND') {
          return true;
        }
        throw error;
      }
    },
    standingAt: async (roomId, level) => standingAt(core.account, roomId, level),
    setRoomAvatar: (roomId, mxc) => state(roomId, 'm.room.avatar', mxc === null ? {} : { url: mxc }),
    setAccess: async (roomId, access, alias) => {
      const known = text(core.account.content(roomId, 'm.room.canonical_alias').alias);
      if (access === 'public' && alias !== '' && known !== `#${alias}:${server()}`) {
        const full = `#${alias}:${server()}`;
        await http('PUT', V3 + path`/directory/room/${full}`, { room_id: roomId });
        await state(roomId, 'm.room.canonical_alias', { alias: full });
      }
      await state(roomId, 'm.room.join_rules', { join_rule: RULES[access] });
      const visibility = access === 'public' ? 'public' : 'private';
      await http('PUT', V3 + path`/directory/list/room/${roomId}`, { visibility });
    },
    setRoles: async (roomId, { roles, everyone }) => {
      await http('PUT', `${room(roomId)}/roles`, { roles, everyone });
    },
    assignRoles: async (roomId, userId, ids) => {
      await http('PUT', room(roomId) + path`/roles/${userId}`, { roles: ids });
    },
    muteMember: async (roomId, userId, until) => {
      await http('POST', `${room(roomId)}/mute`, { user_id: userId, ...(until === null ? {} : { until }) });
    },
    setSlowMode: (roomId, seconds) => state(roomId, SLOW_MODE, { seconds }),
    banned: async (roomId) => {
      const answer = await http('GET', `${V3 + path`/rooms/${roomId}/members`}?membership=ban`);
      return asEvents(answer.chunk).map(
        (event): Banned => ({
          userId: event.state_key ?? '',
          name: nameIn(core.account, roomId, event.state_key ?? ''),
          by: event.sender,
          byName: nameIn(core.account, roomId, event.sender),
          reason: text(event.content.reason),
          ts: event.origin_server_ts,
        }),
      );
    },
    inviteLinks: async (roomId) => {
      const answer = await http('GET', `${room(roomId)}/invite_links`);
      return list(answer.links).map(object).map(linkOf);
    },
    makeInviteLink: async (roomId, { name, expiresTs, maxUses, approval }) => {
      const body = {
        name,
        approval,
        ...(expiresTs === null ? {} : { expires_ts: expiresTs }),
        ...(maxUses === null ? {} : { max_uses: maxUses }),
      };
      return linkOf(await http('POST', `${room(roomId)}/invite_links`, body));
    },
    revokeInviteLink: async (roomId, token) => {
      await http('DELETE', room(roomId) + path`/invite_links/${token}`);
    },
    linkPreview: async (token) => {
      const answer = await http('GET', OURS + path`/invite_links/${token}`);
      return {
        roomId: text(answer.room_id),
        name: text(answer.name),
        topic: text(answer.topic),
        avatar: avatarOf(answer.avatar_url),
        members: number(answer.num_joined_members, 0),
        approval: answer.approval === true,
      };
    },
    followLink: async (token) => {
      const answer = await http('POST', `${OURS + path`/invite_links/${token}`}/join`, {});
      const roomId = text(answer.room_id);
      const joined = answer.membership === 'join';
      if (joined) {
        await core.until((account) => account.rooms.get(roomId)?.membership === 'join');
      }
      return { roomId, joined };
    },
    closeGroup: async (roomId) => {
      await http('POST', `${room(roomId)}/close`, {});
    },
    knock: async (roomIdOrAlias, reason) => {
      await http('POST', V3 + path`/knock/${roomIdOrAlias}`, reason === '' ? {} : { reason });
    },
    ...historyCommands(core),
    setNotify: async (roomId, level, until) => {
      await setNotify(core, roomId, level);
      if (level === 'none' || until !== undefined) {
        const content = until === undefined ? {} : { until };
        const params = { user_id: core.account.me, room_id: roomId, type: MUTED, content };
        await core.request('account_data', params);
      }
    },
    setArchived: async (roomId, archived) => {
      const tag = V3 + path`/user/${core.account.me}/rooms/${roomId}/tags/m.lowpriority`;
      await (archived ? http('PUT', tag, { order: 0.5 }) : http('DELETE', tag));
    },
    setWallpaper: (roomId, choice) => keepRoomData(core, roomId, WALLPAPER, choice === null ? {} : { ...choice }),
    orderPinned: async (roomIds) => {
      for (const [at, roomId] of roomIds.entries()) {
        const order = (at + 1) / (roomIds.length + 1);
        await http('PUT', V3 + path`/user/${core.account.me}/rooms/${roomId}/tags/m.favourite`, { order });
      }
    },
  };
}

/** Spec: Client-Server API, Push rules: an override silences all, a room rule all but mentions. */
async function setNotify(core: Core, roomId: string, level: 'all' | 'mentions' | 'none'): Promise<void> {
  const rule = (kind: string) => V3 + path`/pushrules/global/${kind}/${roomId}`;
  const remove = async (kind: string) => {
    const known = list(object(object(core.account.accountData.get('m.push_rules')).global)[kind]).map(object);
    if (known.some((one) => one.rule_id === roomId)) {
      await core.http({ method: 'DELETE', path: rule(kind) });
    }
  };
  if (level === 'none') {
    const conditions = [{ kind: 'event_match', key: 'room_id', pattern: roomId }];
    await core.http({ method: 'PUT', path: rule('override'), body: { actions: [], conditions } });
  } else {
    await remove('override');
  }
  if (level === 'mentions') {
    await core.http({ method: 'PUT', path: rule('room'), body: { actions: [] } });
  } else {
    await remove('room');
  }
}

/** Takes back the silence of chats that were muted for a time which is over. */
export async function endSilences(core: Core, now: number): Promise<void> {
  for (const room of core.account.rooms.values()) {
    const until = number(room.accountData[MUTED]?.until, 0);
    if (until > 0 && until <= now) {
      try {
        await setNotify(core, room.id, 'all');
        const params = { user_id: core.account.me, room_id: room.id, type: MUTED, content: {} };
        await core.request('account_data', params);
      } catch {
        // Without a connection: looked at again soon.
        return;
      }
    }
  }
}

function linkOf(link: Json): InviteLink {
  return {
    token: text(link.token),
    creator: text(link.creator),
    name: text(link.name),
    createdTs: number(link.created_ts, 0),
    expiresTs: typeof link.expires_ts === 'number' ? link.expires_ts : null,
    maxUses: typeof link.max_uses === 'number' ? link.max_uses : null,
    uses: number(link.uses, 0),
    approval: link.approval === true,
    users: list(link.users).map(text),
  };
}
