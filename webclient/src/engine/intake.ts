/** Takes in the stream, one delta after the other: apply, show, write with the position, acknowledge. What comes while one is written is written together. */
import { type Json, object } from '../model/events';
import type { Disk } from './db/disk';
import { FIRST_ROOMS } from './subscription';
import type { Account } from './sync/account';
import { Changes, writesOf } from './sync/changes';
import { PREVIEW } from './sync/extensions';
import { applyBody } from './sync/reducer';
import type { RoomTimeline } from './sync/timeline';
import type { Delta, ResumePoint } from './transport/types';

interface Waiting {
  readonly delta: Delta;
  readonly stored: () => void;
}

export interface IntakeEvents {
  applied(changes: Changes): void;
  /** A delta with nothing more behind it was taken. */
  caughtUp(): void;
  reset(): void;
  /** A delta is applied and stored: what a reset held back can be shown. */
  release(): void;
  /** A write failed: memory and disk differ. */
  broken(): void;
}

export class Intake {
  /** Deltas applied so far. */
  taken = 0;
  private chain: Promise<void> = Promise.resolve();
  private stopped = false;
  /** Deltas that came since the last ones were begun. */
  private waiting: Waiting[] | null = null;
  /** All of the list is asked for, not just its beginning. */
  wholeList: boolean;
  private readonly loading = new Map<string, Promise<RoomTimeline>>();

  constructor(
    private readonly account: Account,
    private pos: string | null,
    private readonly database: Pick<Disk, 'write' | 'timeline'>,
    private readonly events: IntakeEvents,
  ) {
    this.wholeList = account.listReady;
  }

  delta(delta: Delta, stored: () => void): void {
    if (this.waiting !== null) {
      this.waiting.push({ delta, stored });
      return;
    }
    const all: Waiting[] = [{ delta, stored }];
    this.waiting = all;
    this.next(async () => {
      this.waiting = this.waiting === all ? null : this.waiting;
      await this.take(all);
    });
  }

  private async take(all: readonly Waiting[]): Promise<void> {
    const changed: Changes[] = [];
    for (const { delta } of all) {
      await Promise.all(roomsIn(delta.body).map((roomId) => this.timeline(roomId)));
      const changes = new Changes();
      applyBody(this.account, delta.body, changes);
      changes.put('kv', 'pos', delta.pos);
      this.events.applied(changes);
      changed.push(changes);
    }
    await this.database.write(writesOf(changed));
    for (const { delta, stored } of all) {
      this.pos = delta.pos;
      this.taken += 1;
      stored();
    }
    this.events.release();
    if (all.at(-1)?.delta.more !== true) {
      this.events.caughtUp();
    }
  }

  reset(stored: () => void): void {
    this.waiting = null;
    this.next(async () => {
      this.events.reset();
      const gone = new Changes();
      for (const roomId of this.account.rooms.keys()) {
        gone.rooms.add(roomId);
        gone.event(roomId, '*');
      }
      this.account.forgetRooms();
      gone.delete('kv', 'pos');
      await this.database.write(gone.list(), { forgetAll: true });
      this.events.applied(gone);
      this.loading.clear();
      this.pos = null;
      stored();
    });
  }

  /** The stored position, after all that was handed over is stored or given up. */
  async settled(): Promise<ResumePoint | null> {
    await this.chain;
    return this.pos === null ? null : { pos: this.pos };
  }

  stop(): void {
    this.stopped = true;
  }

  /** A room's timeline, from disk if it was not needed before. */
  timeline(roomId: string): Promise<RoomTimeline> {
    const known = this.account.timelines.get(roomId);
    if (known !== undefined) {
      return Promise.resolve(known);
    }
    const loading =
      this.loading.get(roomId) ??
      this.database.timeline(roomId).then((timeline) => {
        const first = this.account.timelines.get(roomId) ?? timeline;
        this.account.timelines.set(roomId, first);
        this.loading.delete(roomId);
        return first;
      });
    this.loading.set(roomId, loading);
    return loading;
  }

  /** True once: when the list turns out to be longer than what was asked for at first. */
  listGrew(): boolean {
    const grew = !this.wholeList && (this.account.listCount ?? 0) > FIRST_ROOMS;
    this.wholeList ||= grew;
    return grew;
  }

  private next(work: () => Promise<void>): void {
    this.chain = this.chain.then(async () => {
      if (this.stopped) {
        return;
      }
      try {
        await work();
      } catch {
        if (!this.stopped) {
          this.stopped = true;
          this.events.broken();
        }
      }
    });
  }
}

/** The rooms that a delta says anything about. */
function roomsIn(body: Json): string[] {
  const extensions = object(body.extensions);
  const named = [body, object(extensions.receipts), object(extensions[PREVIEW])];
  return [...new Set(named.flatMap((part) => Object.keys(object(part.rooms))))];
}
