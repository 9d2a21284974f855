/**
 * Putting things of a row or a column into another order: by the mouse at once, by a finger that rested a moment. The
 * things are the elements with `data-drag`; those that are passed make room while one is carried.
 */
import { onCleanup } from 'solid-js';

const begins_px = 6;
const rests_ms = 350;

interface Carried {
  readonly item: HTMLElement;
  readonly all: readonly HTMLElement[];
  readonly boxes: readonly DOMRect[];
  readonly at: number;
  readonly pointer: number;
  readonly start: number;
  to: number;
}

/** `drop` is told what was carried and to the place of which thing; `fingers`: whether they may carry, too. */
export function reorder(
  list: HTMLElement,
  axis: 'x' | 'y',
  drop: (id: string, to: number) => void,
  fingers = true,
): void {
  let down: { item: HTMLElement; pointer: number; x: number; y: number } | null = null;
  let carried: Carried | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const place = (event: { clientX: number; clientY: number }) => (axis === 'x' ? event.clientX : event.clientY);
  const middle = (box: DOMRect) => (axis === 'x' ? box.left + box.width / 2 : box.top + box.height / 2);
  const length = (box: DOMRect) => (axis === 'x' ? box.width : box.height);
  const shift = (item: HTMLElement, px: number) =>
    item.style.setProperty('transform', axis === 'x' ? `translateX(${px}px)` : `translateY(${px}px)`);

  const lift = () => {
    if (!down) return;
    const { item, pointer, x, y } = down;
    const all = [...list.querySelectorAll<HTMLElement>('[data-drag]')];
    const boxes = all.map((one) => one.getBoundingClientRect());
    const at = all.indexOf(item);
    carried = { item, all, boxes, at, pointer, start: axis === 'x' ? x : y, to: at };
    item.style.setProperty('z-index', '2');
    item.style.setProperty('position', getComputedStyle(item).position === 'static' ? 'relative' : '');
    list.setPointerCapture(pointer);
  };
  const stop = () => {
    clearTimeout(resting);
    for (const one of carried?.all ?? []) {
      for (const name of ['transform', 'z-index', 'position', 'transition']) one.style.removeProperty(name);
    }
    down = null;
    carried = null;
  };
  const press = (event: PointerEvent) => {
    stop();
    const item = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-drag]') : null;
    const byMouse = event.pointerType === 'mouse';
    if (!item || event.button !== 0 || !(byMouse || fingers)) return;
    down = { item, pointer: event.pointerId, x: event.clientX, y: event.clientY };
    if (!byMouse) resting = setTimeout(lift, rests_ms);
  };
  const move = (event: PointerEvent) => {
    if (!down || event.pointerId !== down.pointer) return;
    const isFar = Math.hypot(event.clientX - down.x, event.clientY - down.y) > begins_px;
    if (!carried && isFar) {
      if (event.pointerType === 'mouse') lift();
      else stop();
    }
    if (!carried) return;
    const { item, all, boxes, at, start } = carried;
    const by = place(event) - start;
    const own = boxes[at];
    if (!own) return;
    const now = middle(own) + by;
    // The place in the document grows to the left where one reads from the right.
    const way = axis === 'x' && getComputedStyle(list).direction === 'rtl' ? -1 : 1;
    carried.to = boxes.filter((box, one) => one !== at && way * (now - middle(box)) > 0).length;
    for (const [one, other] of all.entries()) {
      if (other === item) continue;
      const passed = one > at && one <= carried.to ? -1 : one < at && one >= carried.to ? 1 : 0;
      other.style.setProperty('transition', 'transform 150ms ease-out');
      shift(other, passed * way * length(own));
    }
    shift(item, by);
  };
  const release = (event: PointerEvent) => {
    const done = carried;
    stop();
    if (!done || event.pointerId !== done.pointer) return;
    // What was carried is not pressed.
    const swallow = (click: MouseEvent) => {
      click.stopPropagation();
      click.preventDefault();
    };
    list.addEventListener('click', swallow, { capture: true, once: true });
    setTimeout(() => list.removeEventListener('click', swallow, { capture: true }));
    const id = done.item.dataset.drag;
    if (id !== undefined && done.to !== done.at) drop(id, done.to);
  };
  const still = (event: TouchEvent) => {
    if (carried) event.preventDefault();
  };
  const native = (event: DragEvent) => event.preventDefault();
  const giveUp = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !carried) return;
    event.stopPropagation();
    stop();
  };
  list.addEventListener('pointerdown', press);
  list.addEventListener('pointermove', move);
  list.addEventListener('pointerup', release);
  list.addEventListener('pointercancel', stop);
  // A list that waits for such an answer scrolls worse: only where fingers carry.
  if (fingers) list.addEventListener('touchmove', still, { passive: false });
  list.addEventListener('dragstart', native);
  document.addEventListener('keydown', giveUp, { capture: true });
  onCleanup(() => {
    stop();
    document.removeEventListener('keydown', giveUp, { capture: true });
  });
}
