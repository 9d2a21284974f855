/** Figures of scrolling, taken in the page: whether anything jumps while older messages come in. */

export interface ScrollFigures {
  /** Frames in which a message moved by more than 3 px against the scrolling. */
  readonly jumps: number;
  /** The largest such movement, px. */
  readonly worst: number;
  /** The most messages that were in the document at once. */
  readonly rows: number;
  /** Median and 95th percentile of the time for two frames, ms. */
  readonly p50: number;
  readonly p95: number;
}

const tolerance = 3;
const step = 90;

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Scroll the open chat up by 90 px per step and watch one message in sight at each step. */
export async function scrollUp(steps: number): Promise<ScrollFigures> {
  const box = document.querySelector<HTMLElement>('[data-testid=timeline]');
  if (!box) throw new Error('no chat is open');
  const times: number[] = [];
  let jumps = 0;
  let worst = 0;
  let rows = 0;
  for (let at = 0; at < steps; at += 1) {
    const all = [...box.querySelectorAll('[data-key]')];
    rows = Math.max(rows, all.length);
    const line = box.getBoundingClientRect().top + 100;
    const watched = all.find((row) => row.getBoundingClientRect().top > line);
    const before = { top: watched?.getBoundingClientRect().top ?? 0, scroll: box.scrollTop };
    box.scrollTop -= step;
    const moved = before.scroll - box.scrollTop;
    const began = performance.now();
    await frame();
    await frame();
    times.push(performance.now() - began);
    const off = watched?.isConnected ? Math.abs(watched.getBoundingClientRect().top - before.top - moved) : Infinity;
    if (off > tolerance) jumps += 1;
    worst = Math.max(worst, off);
  }
  times.sort((a, b) => a - b);
  const part = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return { jumps, worst, rows, p50: part(0.5), p95: part(0.95) };
}
