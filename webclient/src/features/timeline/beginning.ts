/** Where one begins to read in a chat that opens: at the unread line, a little below the top, or at the end. */
import { onCleanup } from 'solid-js';
import { topIn } from './scroll';
import type { View } from './window';

const unreadTop = 150;

/** How far the unread line is below where it belongs, px; null where there is none. */
function lineOff(box: HTMLElement, content: HTMLElement): number | null {
  const line = content.querySelector('[data-testid=unread-line]');
  return line && topIn(box, line) - unreadTop;
}

export function toBeginning(box: HTMLElement, content: HTMLElement): void {
  const off = lineOff(box, content);
  box.scrollTop = off === null ? box.scrollHeight : box.scrollTop + off;
}

/** Whether more of the `count` rows would bring the unread line to its place, or fill the view. */
export function isWanting(box: HTMLElement, content: HTMLElement, { from, to }: View, count: number): boolean {
  const off = lineOff(box, content) ?? 0;
  return (off > 1 && to < count) || (from > 0 && (off < -1 || box.scrollHeight <= box.clientHeight));
}

/** What was painted is drawn before more is asked of the machine. */
const rest_ms = 50;

/** Calls `more` when the next frame is painted, and after each one that follows, while it answers true and its owner lives. */
export function afterPaint(more: () => boolean): void {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = () => {
    frame = requestAnimationFrame(() => {
      timer = setTimeout(() => more() && next(), rest_ms);
    });
  };
  next();
  onCleanup(() => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  });
}
