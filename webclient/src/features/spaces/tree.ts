/** The tree of a space out of the list that a server gives page by page. */
import type { RoomId, SpaceRoom } from '../../store/contract';

export interface SpaceNode {
  readonly room: SpaceRoom;
  /** Servers that know it. */
  readonly via: readonly string[];
  readonly children: readonly SpaceNode[];
}

/** What is known of the tree below `root`; rooms that did not come (yet) are left out, and so is what leads back up. */
export function treeOf(rooms: readonly SpaceRoom[], root: RoomId, via: readonly string[]): SpaceNode | undefined {
  const known = new Map(rooms.map((room) => [room.roomId, room]));
  const node = (id: RoomId, servers: readonly string[], above: ReadonlySet<RoomId>): SpaceNode | undefined => {
    const room = known.get(id);
    if (room === undefined || above.has(id)) return undefined;
    const below = new Set([...above, id]);
    return { room, via: servers, children: room.children.flatMap((one) => node(one.id, one.via, below) ?? []) };
  };
  return node(root, via, new Set());
}

/** The same with only what fits, and the spaces that lead to it. */
export function matching(node: SpaceNode, fits: (room: SpaceRoom) => boolean): SpaceNode | undefined {
  const children = node.children.flatMap((child) => matching(child, fits) ?? []);
  return children.length > 0 || fits(node.room) ? { ...node, children } : undefined;
}
