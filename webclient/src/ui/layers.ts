/** The stack of what lies over the page (menus, dialogs, panels): Esc and Back close exactly the topmost. */

type Close = () => void;

const stack: Close[] = [];

/** Put a layer on top. Returns the function that takes it off again without closing it. */
export function pushLayer(close: Close): () => void {
  stack.push(close);
  return () => {
    const at = stack.lastIndexOf(close);
    if (at >= 0) stack.splice(at, 1);
  };
}

/** Close the topmost layer; false when there is none. */
export function closeTopLayer(): boolean {
  const close = stack.pop();
  close?.();
  return close !== undefined;
}
