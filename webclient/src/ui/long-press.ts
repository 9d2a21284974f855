const hold_ms = 400;
const slack = 8;

/**
 * Calls `pressed` when a finger rests on the element for 400 ms. To be given as its `ref`: listeners that are spread onto an
 * element make one computation of all its attributes, which a list of many elements feels.
 */
export function longPress(pressed: (x: number, y: number) => void) {
  return (element: HTMLElement): void => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = { x: 0, y: 0 };
    const stop = () => clearTimeout(timer);
    element.addEventListener('pointerdown', (event) => {
      if (event.pointerType !== 'touch') return;
      from = { x: event.clientX, y: event.clientY };
      timer = setTimeout(() => pressed(from.x, from.y), hold_ms);
    });
    element.addEventListener('pointermove', (event) => {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > slack) stop();
    });
    element.addEventListener('pointerup', stop);
    element.addEventListener('pointercancel', stop);
  };
}
