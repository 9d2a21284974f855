/** Fingers on the messages: moved to the left one is answered; from the edge of the page to the right one goes back. */

const decides_px = 12;
const answers_px = 60;
const farthest_px = 84;
const edge_px = 28;
const back_px = 80;

/** What a finger that has moved so far since it came down is about; null: not to be told yet. */
export function aimOf(dx: number, dy: number, fromEdge: boolean): 'answer' | 'back' | 'other' | null {
  if (Math.hypot(dx, dy) < decides_px) return null;
  if (Math.abs(dy) > Math.abs(dx)) return 'other';
  if (dx < 0) return 'answer';
  return fromEdge ? 'back' : 'other';
}

interface Actions {
  /** Whether the message of this row can be answered. */
  readonly may: (row: HTMLElement) => boolean;
  readonly answer: (row: HTMLElement) => void;
  readonly back: () => void;
}

/** Watches fingers on a box of messages, for as long as it is there. */
export function watchSwipes(box: HTMLElement, actions: Actions): void {
  let row: HTMLElement | null = null;
  let from = { x: 0, y: 0 };
  let aim: ReturnType<typeof aimOf> = 'other';
  let dx = 0;
  /** The message goes back to its place; also when another finger comes down, or the browser takes the finger over. */
  const stop = () => {
    const moved = row?.style.transform;
    if (row && moved) {
      row.style.removeProperty('transform');
      row.animate([{ transform: moved }, { transform: 'none' }], { duration: 150, easing: 'ease-out' });
    }
    aim = 'other';
    row = null;
  };
  const begin = (event: TouchEvent) => {
    stop();
    const [touch] = event.touches;
    if (!touch || event.touches.length > 1 || movesSideways(event.target)) return;
    aim = null;
    from = { x: touch.clientX, y: touch.clientY };
    dx = 0;
    row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-testid=message]') : null;
  };
  const move = (event: TouchEvent) => {
    const touch = event.touches[0];
    if (!touch || aim === 'other') return;
    dx = touch.clientX - from.x;
    aim ??= aimOf(dx, touch.clientY - from.y, from.x < edge_px);
    if (aim === 'answer' && !(row && actions.may(row))) aim = 'other';
    if (aim === 'answer')
      row?.style.setProperty('transform', `translateX(${Math.max(-farthest_px, Math.min(0, dx))}px)`);
  };
  const end = () => {
    const done = { aim, row };
    stop();
    if (done.aim === 'answer' && done.row && dx <= -answers_px) actions.answer(done.row);
    else if (done.aim === 'back' && dx >= back_px) actions.back();
  };
  box.addEventListener('touchstart', begin, { passive: true });
  box.addEventListener('touchmove', move, { passive: true });
  box.addEventListener('touchend', end);
  box.addEventListener('touchcancel', stop);
}

/** What has its own use for a finger that moves sideways: code that is too wide, the place in a recording. */
function movesSideways(target: EventTarget | null): boolean {
  const own = target instanceof Element ? target.closest('pre, [role=slider], input[type=range]') : null;
  return own !== null && (own.tagName !== 'PRE' || own.scrollWidth > own.clientWidth);
}
