/** Whether things may move, as the system asks. */
export const mayMove = (): boolean => !matchMedia('(prefers-reduced-motion: reduce)').matches;
