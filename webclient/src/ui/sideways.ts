/** Fingers that go sideways over what a row of tabs shows. */

const least_px = 60;

/** Lets a finger go from tab to tab over `box`; `now`: the chosen one. Past the first and the last there is nothing. */
export function watchSideways<Id extends string>(
  box: HTMLElement,
  tabs: () => readonly { readonly id: Id }[],
  now: () => Id,
  choose: (id: Id) => void,
): void {
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
    const all = tabs();
    const next = all[all.findIndex((tab) => tab.id === now()) + (towardsStart ? 1 : -1)];
    if (next) choose(next.id);
  };
  // A browser has its own use for such fingers: they lead back in its history.
  box.style.touchAction = 'pan-y pinch-zoom';
  box.addEventListener('touchstart', begin, { passive: true });
  box.addEventListener('touchend', end);
  box.addEventListener('touchcancel', () => {
    from = null;
  });
}
