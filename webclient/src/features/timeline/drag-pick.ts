/** Picking several messages by drawing the mouse over their rows, or with Shift from the one that was picked last. */
import { onCleanup } from 'solid-js';
import type { ItemKey } from '../../store/contract';
import { isPicking, picked, setPicked } from '../../store/messages-ui';
import { rowsIn } from './scroll';

const edge_px = 48;
const step_px = 14;

const keysOf = (row: HTMLElement): ItemKey[] => (row.dataset.keys ?? '').split(' ').filter((key) => key !== '');

const rowAt = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('[data-testid=message]') : null;

/** All rows from one to another, in either direction. */
export function between(rows: readonly HTMLElement[], one: HTMLElement, other: HTMLElement): ItemKey[] {
  const places = [rows.indexOf(one), rows.indexOf(other)];
  const from = Math.min(...places);
  return from < 0 ? [] : rows.slice(from, Math.max(...places) + 1).flatMap(keysOf);
}

/** `before` with the rows that were drawn over picked, or no longer picked where the first of them was. */
export function drawn(before: readonly ItemKey[], over: readonly ItemKey[], on: boolean): readonly ItemKey[] {
  return on ? [...before, ...over.filter((key) => !before.includes(key))] : before.filter((key) => !over.includes(key));
}

interface Draw {
  readonly from: HTMLElement;
  readonly before: readonly ItemKey[];
  /** The pointer has reached another row. */
  moved: boolean;
}

/** Listen in a timeline until the owner is disposed. `may`: whether messages of this view can be picked. */
export function watchPicks(box: HTMLElement, content: HTMLElement, may: () => boolean): void {
  let draw: Draw | null = null;
  let frame = 0;
  let pointer = { x: 0, y: 0 };
  /** The press ended on the row where it began: it is no press on that row. */
  let spent = false;

  const over = (row: HTMLElement | null) => {
    if (!draw || !row || (!draw.moved && row === draw.from)) return;
    if (!draw.moved) getSelection()?.removeAllRanges();
    draw.moved = true;
    const on = !keysOf(draw.from).every((key) => draw?.before.includes(key));
    setPicked(drawn(draw.before, between(rowsIn(content), draw.from, row), on));
  };
  /** At an edge the messages move on under the pointer. */
  const roll = () => {
    if (!draw) return;
    const place = box.getBoundingClientRect();
    const by = pointer.y < place.top + edge_px ? -step_px : pointer.y > place.bottom - edge_px ? step_px : 0;
    if (by !== 0 && draw.moved) {
      box.scrollTop += by;
      over(rowAt(document.elementFromPoint(pointer.x, pointer.y)));
    }
    frame = requestAnimationFrame(roll);
  };
  const down = (event: PointerEvent) => {
    spent = false;
    const row = rowAt(event.target);
    if (event.pointerType !== 'mouse' || event.button !== 0 || !row?.dataset.event || !may()) return;
    // Words are selected in a bubble; beside it, and while picking, rows are.
    const isBeside = !(event.target as Element).closest('[data-testid=bubble]');
    if (event.shiftKey && isPicking()) {
      const last = rowsIn(content).find((one) => keysOf(one).includes(picked()[picked().length - 1] ?? ''));
      if (last) {
        event.preventDefault();
        spent = true;
        setPicked(drawn(picked(), between(rowsIn(content), last, row), true));
      }
      return;
    }
    if (!isPicking() && !isBeside) return;
    draw = { from: row, before: picked(), moved: false };
    frame = requestAnimationFrame(roll);
  };
  const move = (event: PointerEvent) => {
    if (!draw) return;
    pointer = { x: event.clientX, y: event.clientY };
    over(rowAt(event.target));
  };
  const up = () => {
    cancelAnimationFrame(frame);
    spent ||= draw?.moved === true;
    draw = null;
  };
  const click = (event: MouseEvent) => {
    if (!spent) return;
    spent = false;
    event.preventDefault();
    event.stopPropagation();
  };
  const noSelection = (event: Event) => {
    if (draw) event.preventDefault();
  };
  content.addEventListener('pointerdown', down);
  content.addEventListener('selectstart', noSelection);
  content.addEventListener('click', click, { capture: true });
  document.addEventListener('pointermove', move);
  document.addEventListener('pointerup', up);
  onCleanup(() => {
    up();
    document.removeEventListener('pointermove', move);
    document.removeEventListener('pointerup', up);
  });
}
