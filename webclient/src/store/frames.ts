/** Gathers patches until the next frame: however many come meanwhile, the page is changed and laid out once for it. */
import type { Patch } from '../engine/rpc';
import type { Mirror } from './mirror';

/** For a page that is covered by others. */
const without_frames_ms = 100;

export class Frames {
  private waiting: Patch[] = [];
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly mirror: Mirror) {}

  add(patches: readonly Patch[]): void {
    const isFirst = this.waiting.length === 0;
    this.waiting.push(...patches);
    if (globalThis.document?.visibilityState === 'hidden' || patches.some((patch) => this.opens(patch))) {
      this.flush();
    } else if (isFirst) {
      const flush = () => this.flush();
      this.frame = requestAnimationFrame(flush);
      this.timer = setTimeout(flush, without_frames_ms);
    }
  }

  /** Whether it brings what a chat opens with: somebody waits for that. */
  private opens(patch: Patch): boolean {
    return patch.p === 'timeline' && this.mirror.state.timelines[patch.roomId] === undefined;
  }

  /** Applies now what has been gathered. */
  flush(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    const patches = this.waiting;
    this.waiting = [];
    if (patches.length > 0) {
      this.mirror.apply(patches);
    }
  }
}
