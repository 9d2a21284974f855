/** Keeps things as long as the engine runs, in a browser that has no place for them: forbidden, or full to the last byte. */
import type { Op } from '../send/ops';
import type { Records, StoreName, Write } from '../sync/changes';
import type { RoomTimeline } from '../sync/timeline';
import { type Disk, FROM_SERVER, GLOBAL_DATA, type Loaded, loadedFrom, timelineFrom } from './disk';

const keyOf = (key: string | readonly string[]) => (typeof key === 'string' ? key : key.join(' '));

export class Memory implements Disk {
  readonly lasts = false;
  private readonly tables = new Map<StoreName, Map<string, unknown>>();

  close(): void {
    // There is nothing that another engine could want.
  }

  async value(key: string): Promise<unknown> {
    return this.table('kv').get(key) ?? null;
  }

  async blob(key: string): Promise<Blob | null> {
    return this.table('blobs').get(key) ?? null;
  }

  async setValue(key: string, value: unknown): Promise<void> {
    await this.write([{ store: 'kv', key, value }]);
  }

  async write(writes: readonly Write[], options: { readonly forgetAll?: boolean } = {}): Promise<void> {
    // As a database would: what cannot be stored fails before anything has changed, and nothing is shared.
    const copies = writes.map(({ value, ...where }) => ({ ...where, value: structuredClone(value) }));
    if (options.forgetAll === true) {
      for (const store of FROM_SERVER) {
        this.table(store).clear();
      }
      for (const [key] of this.globalData()) {
        this.table('kv').delete(GLOBAL_DATA + key);
      }
    }
    for (const { store, key, value } of copies) {
      if (value === undefined) {
        this.table(store).delete(keyOf(key));
      } else {
        this.table(store).set(keyOf(key), value as Records[typeof store]['value']);
      }
    }
  }

  async probe(): Promise<void> {
    // Memory has no end that it could tell of.
  }

  async replaceUnsent(ops: Iterable<Op>, files: ReadonlyMap<string, Blob>, reads: unknown): Promise<void> {
    this.table('outbox').clear();
    await this.write([
      { store: 'kv', key: 'reads', value: reads },
      ...[...ops].map((op) => ({ store: 'outbox' as const, key: op.txnId, value: op })),
      ...[...files].map(([key, value]) => ({ store: 'blobs' as const, key, value })),
    ]);
  }

  async wipe(): Promise<void> {
    this.tables.clear();
  }

  async load(me: string): Promise<Loaded> {
    return loadedFrom(me, {
      rooms: [...this.table('rooms').values()],
      members: [...this.table('members').values()],
      ops: [...this.table('outbox').values()],
      encrypted: [...this.table('encrypted').values()],
      drafts: [...this.table('drafts').values()],
      data: this.globalData(),
      pos: this.table('kv').get('pos'),
    });
  }

  async keepTimelines(): Promise<void> {
    // What is thrown away here makes no space elsewhere.
  }

  async timeline(roomId: string): Promise<RoomTimeline> {
    const events = [...this.table('events').values()].filter((record) => record.roomId === roomId);
    return timelineFrom(roomId, this.table('timelines').get(roomId), events);
  }

  private globalData(): [string, unknown][] {
    return [...this.table('kv')].flatMap(([key, value]) =>
      key.startsWith(GLOBAL_DATA) ? [[key.slice(GLOBAL_DATA.length), value]] : [],
    );
  }

  private table<S extends StoreName>(store: S): Map<string, Records[S]['value']> {
    const known = this.tables.get(store) ?? new Map<string, unknown>();
    this.tables.set(store, known);
    return known as Map<string, Records[S]['value']>;
  }
}
