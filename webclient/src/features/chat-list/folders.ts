/** Which tabs there are over the chats, and which chats belong to each. */
import type { Commands, Folder, MirrorState, Room, RoomId } from '../../store/contract';

/** The four that everybody has; folders and spaces are named by their ids. */
export type FolderId = 'all' | 'unread' | 'private' | 'groups' | `own-${string}` | `space-${RoomId}`;

export interface FolderTab {
  readonly id: FolderId;
  /** Of the folder or the space. */
  readonly key: string;
  readonly label: string;
  readonly folder?: Folder;
  readonly space?: Room;
}

export const isUnread = (room: Room): boolean => room.unread.notifications > 0 || room.unread.marked;

/** Put aside, and nothing new in it that would bring it back. */
export function isArchived(state: MirrorState, id: RoomId): boolean {
  const room = state.rooms[id];
  if (!room?.lowPriority) return false;
  return room.muted || !state.own.settings.unarchive || !isUnread(room);
}

/** Spaces that I am in and that lie in no other one of mine; those in a circle all count. */
export function ownSpaces(state: MirrorState): readonly Room[] {
  const mine = Object.values(state.rooms).filter((room) => room.kind === 'space' && room.membership === 'join');
  const holds = (outer: Room, inner: Room) => outer !== inner && outer.group.children.includes(inner.id);
  return mine.filter((room) => !mine.some((other) => holds(other, room) && !holds(room, other)));
}

/** All rooms of a space, of the spaces in it too as far as I am in them. */
export function roomsOfSpace(state: MirrorState, id: RoomId): ReadonlySet<RoomId> {
  const found = new Set<RoomId>();
  const left = [id];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const child of state.rooms[at]?.group.children ?? []) {
      if (found.has(child) || child === id) continue;
      found.add(child);
      if (state.rooms[child]?.kind === 'space') left.push(child);
    }
  }
  return found;
}

/** Folders and spaces as they lie side by side; `hidden`: also the spaces without a tab. */
export function ownTabs(state: MirrorState, hidden = false): readonly FolderTab[] {
  const { order, hidden: away } = state.own.tabs;
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const folders = state.own.folders.map((folder): FolderTab => {
    const label = [folder.emoji, folder.name].filter(Boolean).join(' ');
    return { id: `own-${folder.id}`, key: folder.id, label, folder };
  });
  const spaces = ownSpaces(state)
    .filter((space) => hidden || !away.includes(space.id))
    .map((space): FolderTab => ({ id: `space-${space.id}`, key: space.id, label: space.name, space }));
  return [...folders, ...spaces].sort((a, b) => place(a.key) - place(b.key));
}

/** Put a tab into the place of the one that is `to` now. Rejects like the command. */
export function moveTab(state: MirrorState, commands: Commands, key: string, to: number): Promise<void> {
  const order = ownTabs(state, true)
    .map((tab) => tab.key)
    .filter((one) => one !== key);
  order.splice(to, 0, key);
  return commands.setTabs({ order, hidden: state.own.tabs.hidden });
}

/** Whether chats belong there; archived chats are only where they were put by hand, or where that is wanted. */
export function belongingTo(state: MirrorState, id: FolderId): (room: Room) => boolean {
  const isOut = (room: Room) => isArchived(state, room.id);
  if (id.startsWith('own-')) {
    const folder = state.own.folders.find((one) => `own-${one.id}` === id);
    return (room) => folder !== undefined && inFolder(state, folder, room);
  }
  if (id.startsWith('space-')) {
    const inside = roomsOfSpace(state, id.slice('space-'.length));
    return (room) => inside.has(room.id) && !isOut(room);
  }
  if (id === 'unread') return (room) => isUnread(room) && !isOut(room);
  if (id === 'private') return (room) => room.kind === 'dm' && !isOut(room);
  return (room) => (id !== 'groups' || room.kind === 'group') && !isOut(room);
}

function inFolder(state: MirrorState, folder: Folder, room: Room): boolean {
  if (folder.exclude.includes(room.id)) return false;
  if (folder.include.includes(room.id)) return true;
  if (!folder.kinds.some((kind) => kind === room.kind)) return false;
  const { without } = folder;
  return !(
    (without.includes('muted') && room.muted) ||
    (without.includes('read') && !isUnread(room)) ||
    (without.includes('archived') && isArchived(state, room.id))
  );
}
