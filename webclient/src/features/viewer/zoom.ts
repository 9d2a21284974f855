import { createSignal } from 'solid-js';

const least = 0.5;
const most = 4;

/** Zoom from 0.5 to 4 by keys, wheel, double press and two fingers; drag to move; quarter turns. */
export function createZoom() {
  const [scale, setScale] = createSignal(1);
  const [place, setPlace] = createSignal({ x: 0, y: 0 });
  const [turns, setTurns] = createSignal(0);
  const fingers = new Map<number, { x: number; y: number }>();
  const reset = () => {
    setScale(1);
    setPlace({ x: 0, y: 0 });
    setTurns(0);
  };
  const to = (next: number) => {
    const bounded = Math.min(most, Math.max(least, next));
    setScale(bounded);
    if (bounded <= 1) setPlace({ x: 0, y: 0 });
  };
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const moved = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = spread();
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2 && apart > 0) to((scale() * spread()) / apart);
    else if (scale() > 1)
      setPlace(({ x, y }) => ({ x: x + event.clientX - before.x, y: y + event.clientY - before.y }));
  };
  const ended = (event: PointerEvent) => void fingers.delete(event.pointerId);
  return {
    scale,
    reset,
    by: (step: number) => to(scale() + step),
    turn: () => setTurns((count) => count + 1),
    transform: () => `translate(${place().x}px, ${place().y}px) rotate(${turns() * 90}deg) scale(${scale()})`,
    listeners: {
      onWheel: (event: WheelEvent) => {
        event.preventDefault();
        to(scale() * (event.deltaY < 0 ? 1.2 : 1 / 1.2));
      },
      onDblClick: () => (scale() > 1 ? reset() : to(2)),
      onPointerDown: (event: PointerEvent) => void fingers.set(event.pointerId, { x: event.clientX, y: event.clientY }),
      onPointerMove: moved,
      onPointerUp: ended,
      onPointerCancel: ended,
    },
  };
}
