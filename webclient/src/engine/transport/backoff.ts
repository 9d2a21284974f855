/** How long to wait before the next try: 0.5 s doubled each time up to 15 s, all of it by chance ("full jitter"). */
const FIRST_MS = 500;
export const LONGEST_MS = 15_000;

export function backoffMs(failures: number, random: number): number {
  return Math.round(random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1)));
}
