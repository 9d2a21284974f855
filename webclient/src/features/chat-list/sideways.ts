/** Fingers on the chats that go sideways. */

const least_px = 60;

/** Calls `step` with 1 for a finger that went towards the beginning of the line, -1 for the other way. */
export function watchSideways(box: HTMLElement, step: (by: number) => void): void {
  let from: { x: number; y: number } | null = null;
  const begin = (event: TouchEvent) => {
    const [touch] = event.touches;
    from = touch && event.touches.length === 1 ? { x: touch.clientX, y: touch.clientY } : null;
  };
  const end = (event: TouchEvent) => {
    const [touch] = event.changedTouches;
    if (!from || !touch) return;
    const dx = touch.clientX - from.x;
    const dy = touch.clientY - from.y;
    from = null;
    if (Math.abs(dx) < least_px || Math.abs(dx) < 2 * Math.abs(dy)) return;
    const towardsStart = dx < 0 === (getComputedStyle(box).direction !== 'rtl');
    step(towardsStart ? 1 : -1);
  };
  box.addEventListener('touchstart', begin, { passive: true });
  box.addEventListener('touchend', end);
  box.addEventListener('touchcancel', () => {
    from = null;
  });
}
