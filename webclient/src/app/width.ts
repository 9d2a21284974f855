/** How wide the window and the left column are. */
import { createSignal } from 'solid-js';
import { setFolded } from '../store/pages';

const stackWidth = matchMedia('(max-width: 925px)');
const [narrow, setNarrow] = createSignal(stackWidth.matches);
stackWidth.addEventListener('change', () => setNarrow(stackWidth.matches));

/** One pane at a time: the chat lies over the list. */
export { narrow };

export const leftDefault = 420;
const leftLeast = 280;
const leftMost = 480;
/** Narrower than this, the list folds to pictures. */
const fold_at = 200;
/** Width of the folded list. */
export const folded_px = 80;
const stored = 'hearth.left-width';

const kept = Number(localStorage.getItem(stored));
const [left, setLeftSignal] = createSignal(kept >= leftLeast && kept <= leftMost ? kept : leftDefault);

/** Width of the chat list, px, in wide windows. */
export { left };

export function setLeft(width: number): void {
  setFolded(width < fold_at);
  if (width < fold_at) return;
  const next = Math.round(Math.min(leftMost, Math.max(leftLeast, width)));
  setLeftSignal(next);
  localStorage.setItem(stored, String(next));
}
