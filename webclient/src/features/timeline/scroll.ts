/** Moving the scroll box of a timeline: keeping a row in its place while others come and go, and gliding to a row. */
import { mayMove, partOf } from '../../ui/motion';

/** A row and how far its top was below the top of the content, px. */
interface Anchor {
  readonly row: HTMLElement;
  readonly top: number;
}

const topOf = (row: HTMLElement, content: HTMLElement): number =>
  row.getBoundingClientRect().top - content.getBoundingClientRect().top;

/** The rows of a content box, oldest first. */
export const rowsIn = (content: HTMLElement): HTMLElement[] => [...content.querySelectorAll<HTMLElement>('[data-key]')];

/** The first row that reaches into the view, with its place. */
export function findAnchor(box: HTMLElement, content: HTMLElement, rows = rowsIn(content)): Anchor | null {
  const top = box.getBoundingClientRect().top;
  // They stand one below the other: asking a few of them for their place is enough.
  let first = 0;
  let end = rows.length;
  while (first < end) {
    const middle = (first + end) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > top) end = middle;
    else first = middle + 1;
  }
  const row = rows[first];
  return row ? { row, top: topOf(row, content) } : null;
}

/**
 * After the document changed: scroll by what the anchor was moved, so that it stays where the reader saw it. `before`: how
 * far the box was scrolled before, px.
 */
export function restoreAnchor(box: HTMLElement, content: HTMLElement, anchor: Anchor | null, before: number): void {
  if (!anchor?.row.isConnected) return;
  const moved = topOf(anchor.row, content) - anchor.top;
  if (Math.abs(moved) < 0.5) return;
  box.scrollTop = before + moved;
  shift += moved;
}

/** How far the end of the content is below the view, px. */
export const toEnd = (box: HTMLElement): number => box.scrollHeight - box.clientHeight - box.scrollTop;

const far = 1500;
const near = 500;
let frame = 0;
let gliding = false;
/** By how much rows that came above have moved what the glide began with, px. */
let shift = 0;

/** Glide to `target()` px within 250 to 600 ms; a way of more than 1500 px begins 500 px before its end. */
export function glide(box: HTMLElement, target: () => number): void {
  stopGlide();
  shift = 0;
  const goal = () => Math.max(0, Math.min(target(), box.scrollHeight - box.clientHeight));
  if (!mayMove()) {
    box.scrollTop = goal();
    return;
  }
  const way = goal() - box.scrollTop;
  if (Math.abs(way) > far) box.scrollTop = goal() - Math.sign(way) * near;
  const from = box.scrollTop;
  const began = performance.now();
  const lasts_ms = Math.min(600, Math.max(250, Math.abs(goal() - from) / 2.5));
  const step = (now: number) => {
    const part = partOf(now - began, lasts_ms);
    const start = from + shift;
    box.scrollTop = start + (goal() - start) * (1 - (1 - part) ** 3);
    gliding = part < 1;
    if (gliding) frame = requestAnimationFrame(step);
  };
  gliding = true;
  frame = requestAnimationFrame(step);
}

/** Glide by `way` px from here. */
export function glideBy(box: HTMLElement, way: number): void {
  const goal = box.scrollTop + way;
  glide(box, () => goal + shift);
}

/** End a glide: the reader has taken over. */
export function stopGlide(): void {
  cancelAnimationFrame(frame);
  gliding = false;
}

/** Whether the box is on its way to where it was sent. */
export const isGliding = (): boolean => gliding;

/** Arrow keys walk through the rows. */
export function walkRows(event: KeyboardEvent, content: HTMLElement): void {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = rowsIn(content);
  const at = all.indexOf(document.activeElement as HTMLElement);
  all[at < 0 ? all.length - 1 : at + step]?.focus();
}
