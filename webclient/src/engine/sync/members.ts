/** Member events as records, and the names that follow from them. */
import type { Json, MatrixEvent, StateEvent } from '../../model/events';
import { object, text, textOrNull } from '../../model/events';
import { cleanName, plainName, uniqueName } from '../../model/names';
import type { Membership } from '../../store/contract';
import type { Account, MemberData } from './account';
import type { Changes } from './changes';

const MEMBERSHIPS = new Set<string>(['join', 'invite', 'knock', 'leave', 'ban']);

export function asMembership(value: unknown): Membership | null {
  return typeof value === 'string' && MEMBERSHIPS.has(value) ? (value as Membership) : null;
}

function memberData(roomId: string, userId: string, sender: string, content: Json): MemberData | null {
  const membership = asMembership(content.membership);
  if (membership === null) {
    return null;
  }
  return {
    roomId,
    userId,
    membership,
    displayName: textOrNull(content.displayname),
    avatar: avatarOf(content.avatar_url),
    isDirect: content.is_direct === true,
    sender,
  };
}

export function avatarOf(value: unknown): string | null {
  const url = textOrNull(value);
  return url?.startsWith('mxc://') === true ? url : null;
}

/** Sets one member from its current event. */
export function applyMember(account: Account, roomId: string, event: StateEvent, changes: Changes): void {
  if (!event.state_key.startsWith('@')) {
    return;
  }
  const members = account.membersOf(roomId);
  const next = event.content === null ? null : memberData(roomId, event.state_key, event.sender, event.content);
  if (next === null) {
    members.delete(event.state_key);
    changes.delete('members', [roomId, event.state_key]);
  } else {
    members.set(event.state_key, next);
    changes.put('members', [roomId, event.state_key], next);
  }
  account.nameCounts.delete(roomId);
  changes.member(roomId, event.state_key);
}

/** Takes in a member event of the past: it only counts while nothing newer is known. */
export function applyPastMember(account: Account, roomId: string, event: StateEvent, changes: Changes): void {
  if (account.member(roomId, event.state_key) === null) {
    applyMember(account, roomId, event, changes);
  }
}

/** The event with its `prev_content` filled in from the member that was known till now, if the server left it out. */
export function withPrevContent(account: Account, roomId: string, event: MatrixEvent): MatrixEvent {
  const unsigned = object(event.unsigned);
  const known = account.member(roomId, event.state_key ?? '');
  if (known === null || unsigned.prev_content !== undefined) {
    return event;
  }
  const before = { membership: known.membership, displayname: known.displayName, avatar_url: known.avatar };
  return { ...event, unsigned: { ...unsigned, prev_content: before } };
}

/** How someone is called in a room. Two of one name get their ids added. */
export function nameIn(account: Account, roomId: string, userId: string): string {
  const displayName = account.member(roomId, userId)?.displayName ?? heroName(account, roomId, userId);
  const name = cleanName(displayName);
  if (name === null) {
    return plainName({ userId, displayName: null });
  }
  return uniqueName({ userId, displayName }, () => countOfName(account, roomId, name));
}

function heroName(account: Account, roomId: string, userId: string): string | null {
  return account.rooms.get(roomId)?.heroes.find((hero) => hero.userId === userId)?.displayName ?? null;
}

function countOfName(account: Account, roomId: string, name: string): number {
  const counts = account.nameCounts.get(roomId) ?? countNames(account, roomId);
  account.nameCounts.set(roomId, counts);
  return counts.get(name) ?? 0;
}

function countNames(account: Account, roomId: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const member of account.members.get(roomId)?.values() ?? []) {
    const name = cleanName(member.displayName);
    if (name !== null && (member.membership === 'join' || member.membership === 'invite')) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** Heroes of a `/v4/sync` room. */
export function heroesOf(value: unknown): { userId: string; displayName: string | null; avatar: string | null }[] {
  return (Array.isArray(value) ? value : []).map(object).flatMap((hero) =>
    text(hero.user_id) === ''
      ? []
      : {
          userId: text(hero.user_id),
          displayName: textOrNull(hero.displayname),
          avatar: avatarOf(hero.avatar_url),
        },
  );
}
