/**
 * How often pages are told: at once after a quiet moment, once a frame while something happens, and more rarely while much
 * goes on and on. Each time costs a page a layout, which counts for more than the few messages in it.
 */

const FRAME_MS = 16;
const BUSY_MS = 100;
/** So many times in a row, with hardly a pause between them, and much goes on. */
const MANY = 6;

export class Pace {
  private last = Number.NEGATIVE_INFINITY;
  private inARow = 0;

  /** How long to wait from `now` on, ms. */
  waitMs(now: number): number {
    return Math.max(0, this.last + (this.inARow < MANY ? FRAME_MS : BUSY_MS) - now);
  }

  told(now: number): void {
    this.inARow = now - this.last < 2 * BUSY_MS ? this.inARow + 1 : 0;
    this.last = now;
  }
}
