/** Whether things may move, as the system and the person ask. */
export const mayMove = (): boolean =>
  document.documentElement.dataset.motion !== 'less' && !matchMedia('(prefers-reduced-motion: reduce)').matches;
