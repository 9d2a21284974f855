const hold_ms = 400;
const slack = 8;

/** Pointer listeners that call `pressed` when a finger rests on the element for 400 ms. Spread them onto it. */
export function longPress(pressed: (x: number, y: number) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };
  const stop = () => clearTimeout(timer);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      from = { x: event.clientX, y: event.clientY };
      timer = setTimeout(() => pressed(from.x, from.y), hold_ms);
    },
    onPointerMove: (event: PointerEvent) => {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > slack) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
  };
}
