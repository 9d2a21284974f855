/** What people are called where we see them. */
import type { MirrorState, RoomId, UserId } from './contract';

/** Display name in the room, else the global one, else the name part of the address. */
export function nameOf(state: MirrorState, roomId: RoomId, userId: UserId): string {
  return state.members[roomId]?.[userId]?.name ?? state.users[userId]?.name ?? userId.replace(/^@([^:]*):.*$/, '$1');
}

/** My own id; '' while nobody is signed in. */
export function me(state: MirrorState): UserId {
  return state.session.phase === 'signedIn' || state.session.phase === 'softLoggedOut' ? state.session.userId : '';
}
