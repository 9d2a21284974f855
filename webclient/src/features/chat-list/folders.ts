/** Which chats belong to a folder. */
import type { Folder, MirrorState, Room, RoomId } from '../../store/contract';

/** The four that everybody has; others are named by their ids. */
export type FolderId = 'all' | 'unread' | 'private' | 'groups' | `own-${string}`;

export const isUnread = (room: Room): boolean => room.unread.notifications > 0 || room.unread.marked;

/** Put aside, and nothing new in it that would bring it back. */
export function isArchived(state: MirrorState, id: RoomId): boolean {
  const room = state.rooms[id];
  if (!room?.lowPriority) return false;
  return room.muted || !state.own.settings.unarchive || !isUnread(room);
}

export function inFolder(folder: Folder, room: Room): boolean {
  if (folder.exclude.includes(room.id)) return false;
  return folder.include.includes(room.id) || folder.kinds.some((kind) => kind === room.kind);
}

/** Whether the chat belongs there; archived chats are only where they were put by hand. */
export function belongs(state: MirrorState, id: FolderId, room: Room): boolean {
  if (id.startsWith('own-')) {
    const folder = state.own.folders.find((one) => `own-${one.id}` === id);
    return (
      folder !== undefined &&
      inFolder(folder, room) &&
      (!isArchived(state, room.id) || folder.include.includes(room.id))
    );
  }
  if (isArchived(state, room.id)) return false;
  if (id === 'unread') return isUnread(room);
  if (id === 'private') return room.kind === 'dm';
  return id !== 'groups' || room.kind === 'group';
}
