/** Views of several rooms and people at once. */
import type { Account } from './account';
import { roomView, userView } from './views';

export function roomViews(account: Account, ids: Iterable<string>) {
  return Object.fromEntries(
    [...ids].map((id) => {
      const room = account.rooms.get(id);
      return [id, room === undefined ? null : roomView(account, room)];
    }),
  );
}

export function userViews(account: Account, ids: ReadonlySet<string>) {
  const views: Record<string, ReturnType<typeof userView>> = {};
  for (const members of account.members.values()) {
    for (const id of ids) {
      const member = members.get(id);
      if (member !== undefined) {
        views[id] = userView(account, member);
      }
    }
  }
  for (const id of ids) {
    views[id] ??= userView(account, { userId: id, displayName: null, avatar: null });
  }
  return views;
}

/** The people that private chats among these rooms are with, and who invited me. */
export function partners(account: Account, ids: Iterable<string>): string[] {
  return [...ids].flatMap((id) => {
    const room = account.rooms.get(id);
    const view = room === undefined ? null : roomView(account, room);
    return [view?.dmUserId, view?.inviter].filter((userId) => typeof userId === 'string');
  });
}
