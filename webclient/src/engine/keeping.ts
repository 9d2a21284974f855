/**
 * What a running session keeps on disk. When the disk takes no more, the session goes on in memory: what is stored stays
 * as it was, a whole of an earlier moment, and from then on nothing is added to it. As soon as there is space again, what
 * exists nowhere else is written, and the session starts anew from the disk.
 */
import { failure } from './api/http';
import type { Disk } from './db/disk';
import type { Op } from './send/ops';
import type { Changes } from './sync/changes';
import { backoffMs } from './transport/backoff';
import type { Clock, Timer } from './transport/types';

/** So much has to fit before the disk counts as having space. */
const SPACE_BYTES = 1_000_000;

export interface KeepingHost {
  /** Writes of the stream that failed since the last one that did not. */
  breaks(): number;
  /** A write of the stream succeeded. */
  mended(): void;
  /** From now on all is in memory alone. */
  full(): void;
  /** There is space, and what waits to be sent is on disk. */
  space(): void;
  /** What waits to be sent, and reads that the server does not know. */
  unsent(): { readonly ops: Iterable<Op>; readonly reads: unknown };
}

export class Keeping {
  /** Files of the queue that are in memory alone; null: all is on disk. */
  private beside: Map<string, Blob> | null = null;
  /** Something came beside the disk since it was last looked whether there is space. */
  private added = false;
  private looks = 0;
  private timer: Timer | null = null;
  private stopped = false;

  constructor(
    private readonly database: Disk,
    private readonly host: KeepingHost,
    private readonly clock: Clock,
  ) {}

  get isFull(): boolean {
    return this.beside !== null;
  }

  /** Whether what is kept outlives the browser. */
  get lasts(): boolean {
    return this.database.lasts;
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  timeline: Disk['timeline'] = (roomId) => this.database.timeline(roomId);

  async blob(key: string): Promise<Blob | null> {
    return this.beside?.get(key) ?? (await this.database.blob(key));
  }

  /** What came from the server. Rejects at the first time that the disk refuses it: then something may be thrown away. */
  write: Disk['write'] = async (writes, options) => {
    if (this.isFull) {
      return;
    }
    try {
      await this.database.write(writes, options);
    } catch (error) {
      // What is in memory alone by now would be lost with a new start.
      if (isUnstorable(error) || (this.host.breaks() === 0 && !this.isFull)) {
        throw error;
      }
      this.letGo();
      return;
    }
    this.host.mended();
  };

  /**
   * What was done here, and may exist nowhere else. Rejects `STORAGE` for what no disk could take, and for what a full
   * one does not take of who has stopped: nobody would have it.
   */
  async keep(changes: Changes): Promise<void> {
    if (!this.isFull) {
      try {
        await this.database.write(changes.list(), { strict: true });
        return;
      } catch (error) {
        if (isUnstorable(error)) {
          throw failure('STORAGE', 'this cannot be stored');
        }
        this.letGo();
      }
    }
    if (this.stopped) {
      throw failure('STORAGE', 'the disk is full');
    }
    this.added = true;
    for (const { store, key, value } of changes.list()) {
      if (store === 'blobs' && value instanceof Blob) {
        this.beside?.set(String(key), value);
      } else if (store === 'blobs') {
        this.beside?.delete(String(key));
      }
    }
  }

  private letGo(): void {
    if (this.stopped) {
      return;
    }
    this.beside ??= new Map();
    this.host.full();
    this.lookAgain();
  }

  private lookAgain(): void {
    if (this.stopped) {
      return;
    }
    this.looks += 1;
    this.timer?.cancel();
    this.timer = this.clock.after(backoffMs(this.looks + this.host.breaks(), 1), () => void this.look());
  }

  private async look(): Promise<void> {
    try {
      await this.database.probe(SPACE_BYTES);
      // What comes while this is written is not in it.
      for (this.added = true; this.added && !this.stopped; ) {
        this.added = false;
        const { ops, reads } = this.host.unsent();
        await this.database.replaceUnsent(ops, this.beside ?? new Map(), reads);
      }
    } catch {
      this.lookAgain();
      return;
    }
    if (!this.stopped) {
      this.host.space();
    }
  }
}

/** The value is at fault, not the disk. */
function isUnstorable(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'DataCloneError' || error.name === 'DataError');
}
