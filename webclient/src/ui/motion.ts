/** Whether things may move, as the system and the person ask. */
export const mayMove = (): boolean =>
  document.documentElement.dataset.motion !== 'less' && !matchMedia('(prefers-reduced-motion: reduce)').matches;

/** How much of a movement is over, 0 to 1. On a busy machine a frame may have begun before the movement was asked for. */
export const partOf = (past_ms: number, lasts_ms: number): number => Math.max(0, Math.min(1, past_ms / lasts_ms));

/** What was painted reaches the screen before more is asked of the machine. */
const rest_ms = 50;

/** Calls `act` once the next frame is seen. */
export const afterPaint = (act: () => void): void => {
  requestAnimationFrame(() => setTimeout(act, rest_ms));
};
