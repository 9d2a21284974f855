/** What people are called where we see them. */
import type { MirrorState, RoomId, UserId } from './contract';

const localpart = (userId: UserId) => userId.replace(/^@([^:]*):.*$/, '$1');

/** My own name for somebody, else their name in the room, else the global one, else the name part of the address. */
export function nameOf(state: MirrorState, roomId: RoomId, userId: UserId): string {
  return state.own.contacts[userId] || state.members[roomId]?.[userId]?.name || knownName(state, userId);
}

/** What somebody is called wherever there is no room. */
export function knownName(state: MirrorState, userId: UserId): string {
  return state.own.contacts[userId] || state.users[userId]?.name || localpart(userId);
}

/** Photo of somebody: the one in the room, else the global one. */
export const photoOf = (state: MirrorState, roomId: RoomId, userId: UserId): string | null =>
  state.members[roomId]?.[userId]?.avatar ?? state.users[userId]?.avatar ?? null;

/** My own id; '' while nobody is signed in. */
export function me(state: MirrorState): UserId {
  return state.session.phase === 'signedIn' || state.session.phase === 'softLoggedOut' ? state.session.userId : '';
}
