/** Names of what a page looks at in a room: its main timeline (the room's id), or one thread of it. */

/** No id of a room or an event holds it. */
const BETWEEN = ' ';

/** `root` null: the main timeline. */
export function viewId(roomId: string, root: string | null): string {
  return root === null ? roomId : roomId + BETWEEN + root;
}

export function roomOfView(view: string): string {
  return view.split(BETWEEN, 1)[0] ?? view;
}

/** The thread's first message; null for a main timeline. */
export function rootOfView(view: string): string | null {
  const at = view.indexOf(BETWEEN);
  return at < 0 ? null : view.slice(at + BETWEEN.length);
}
