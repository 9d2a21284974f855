/**
 * Which part of a long timeline is in the document: at first the rows that are in sight, then 60; these many are added at a
 * time, and 120 are there; up to 180 while others write below them.
 */

export const slice = 60;
export const most = 120;

/** Rows `from` (inclusive) to `to` (exclusive) of the timeline's items. */
export interface View {
  readonly from: number;
  readonly to: number;
}

/** The newest rows. */
export const tailOf = (count: number, rows = slice): View => ({ from: Math.max(0, count - rows), to: count });

/** So many rows fill `height` px, or more: hardly one is lower than this. */
export const filling = (height: number): number => Math.min(slice, Math.ceil(height / 34));

/** With the rows above it until one slice is there. */
export const filled = (view: View): View => ({ from: Math.max(0, Math.min(view.from, view.to - slice)), to: view.to });

/** What was not read when a chat was opened: the row read last, and the first one below it that asks to be read. */
export interface Unread {
  readonly read: number;
  readonly first: number;
}

/**
 * The rows a chat opens with: its newest ones, as many as `height` px hold; where not all is read, a whole slice of them, or
 * of those around the first that was not read, when that lies above them.
 */
export function opening(count: number, unread: Unread | null, height: number): View {
  if (unread === null) return tailOf(count, filling(height));
  const tail = tailOf(count);
  if (unread.read >= tail.from) return tail;
  const { from, to } = around(count, unread.first);
  // The line between them is drawn where both are there. Rarely, as many lines as that tell of other things.
  const whole = { from: Math.min(from, unread.read), to };
  return to - whole.from > most ? tail : whole;
}

/** One slice with row `at` in its middle. */
export function around(count: number, at: number): View {
  const from = Math.max(0, Math.min(at - slice / 2, count - slice));
  return { from, to: Math.min(count, from + slice) };
}

/** One slice further up; rows at the end go when there are too many. */
export function older(view: View): View {
  const from = Math.max(0, view.from - slice);
  return { from, to: Math.min(view.to, from + most) };
}

/** One slice further down; rows at the top go when there are too many. */
export function newer(view: View, count: number): View {
  const to = Math.min(count, view.to + slice);
  return { from: Math.max(view.from, to - most), to };
}

/**
 * The view of the same rows after the items changed. Rows that were appended come in while the reader is at the end
 * (`follow`) or while there is room; when none of the rows is left, the view starts at the end again. Rows at the top go
 * many at a time: each time all that is below them moves in the document, and is drawn anew.
 */
export function keep(view: View, before: readonly string[], now: readonly string[], follow: boolean): View {
  const shownBefore = new Set(before.slice(view.from, view.to));
  const from = now.findIndex((key) => shownBefore.has(key));
  if (from < 0) return tailOf(now.length);
  const last = now.findLastIndex((key) => shownBefore.has(key));
  const wasAtEnd = view.to === before.length;
  const to = wasAtEnd ? (follow ? now.length : Math.min(now.length, from + most)) : last + 1;
  const shown = Math.max(to, last + 1);
  const tooMany = follow && wasAtEnd && shown - from > most + slice;
  return { from: tooMany ? shown - most : from, to: shown };
}

/** A question: whether this is something else than when it was asked last. */
export function changesOf<T>(now: () => T): () => boolean {
  let known = now();
  return () => {
    const before = known;
    known = now();
    return known !== before;
  };
}
