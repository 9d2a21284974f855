/** The engine's database. One delta is one transaction: what it changed, together with the position that it leads to. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Op } from '../send/ops';
import type { MemberData, RoomData } from '../sync/account';
import type { Records, StoreName, Write } from '../sync/changes';
import type { RoomTimeline } from '../sync/timeline';
import { type Disk, FROM_SERVER, GLOBAL_DATA, type Loaded, loadedFrom, STORES, timelineFrom } from './disk';
import { Memory } from './memory';

const NAME = 'hearth';
const VERSION = 2;

/** Keys in `kv` of global account data. */
const globalData = () => IDBKeyRange.bound(GLOBAL_DATA, `${GLOBAL_DATA}\uffff`);

type Schema = DBSchema & { [S in StoreName]: Records[S] & { indexes: Record<never, never> } };

/** The database; where the browser gives none, or one that cannot be read, memory in its place. */
export async function openDisk(name = NAME): Promise<Disk> {
  try {
    const database = await Database.open(name);
    await database.value('session');
    return database;
  } catch {
    return new Memory();
  }
}

export class Database implements Disk {
  readonly lasts = true;

  private constructor(private readonly db: IDBPDatabase<Schema>) {}

  static async open(name = NAME): Promise<Database> {
    const db = await openDB<Schema>(name, VERSION, {
      upgrade: (fresh) => {
        for (const store of STORES.filter((name) => !fresh.objectStoreNames.contains(name))) {
          fresh.createObjectStore(store);
        }
      },
      // A newer version of the page wants to change the schema: do not stand in its way.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase | null)?.close(),
    });
    return new Database(db);
  }

  close(): void {
    this.db.close();
  }

  async value(key: string): Promise<unknown> {
    return (await this.db.get('kv', key)) ?? null;
  }

  async blob(key: string): Promise<Blob | null> {
    return (await this.db.get('blobs', key)) ?? null;
  }

  async setValue(key: string, value: unknown): Promise<void> {
    await this.write([{ store: 'kv', key, value }], { strict: true });
  }

  async write(
    writes: readonly Write[],
    options: { readonly strict?: boolean; readonly forgetAll?: boolean } = {},
  ): Promise<void> {
    const tx = this.db.transaction(STORES, 'readwrite', { durability: options.strict === true ? 'strict' : 'relaxed' });
    const steps: Promise<unknown>[] = [];
    try {
      if (options.forgetAll === true) {
        steps.push(...FROM_SERVER.map((store) => tx.objectStore(store).clear()));
        steps.push(tx.objectStore('kv').delete(globalData()));
      }
      for (const { store, key, value } of writes) {
        const target = tx.objectStore(store);
        steps.push(value === undefined ? target.delete(key) : target.put(value as Records[typeof store]['value'], key));
      }
    } catch (error) {
      // What cannot be stored throws at once, and would leave the transaction to commit what came before it.
      tx.abort();
      await Promise.allSettled([...steps, tx.done]);
      throw error;
    }
    await Promise.all([...steps, tx.done]);
  }

  async probe(bytes: number): Promise<void> {
    const filling = Uint8Array.from({ length: bytes }, () => Math.random() * 256);
    await this.setValue('probe', filling);
    await this.write([{ store: 'kv', key: 'probe', value: undefined }]);
  }

  async replaceUnsent(ops: Iterable<Op>, files: ReadonlyMap<string, Blob>, reads: unknown): Promise<void> {
    const tx = this.db.transaction(['outbox', 'blobs', 'kv'], 'readwrite', { durability: 'strict' });
    const outbox = tx.objectStore('outbox');
    const blobs = tx.objectStore('blobs');
    const steps: Promise<unknown>[] = [outbox.clear(), tx.objectStore('kv').put(reads, 'reads')];
    steps.push(...[...ops].map((op) => outbox.put(op, op.txnId)));
    steps.push(...[...files].map(([key, file]) => blobs.put(file, key)));
    await Promise.all([...steps, tx.done]);
  }

  async wipe(): Promise<void> {
    const tx = this.db.transaction(STORES, 'readwrite');
    await Promise.all([...STORES.map((store) => tx.objectStore(store).clear()), tx.done]);
  }

  async load(me: string): Promise<Loaded> {
    const tx = this.db.transaction(STORES, 'readonly');
    const globals = globalData();
    const [rooms, members, ops, encrypted, drafts, keys, contents, pos] = await Promise.all([
      tx.objectStore('rooms').getAll(),
      tx.objectStore('members').getAll(),
      tx.objectStore('outbox').getAll(),
      tx.objectStore('encrypted').getAll(),
      tx.objectStore('drafts').getAll(),
      tx.objectStore('kv').getAllKeys(globals),
      tx.objectStore('kv').getAll(globals),
      tx.objectStore('kv').get('pos'),
    ]);
    const data = keys.map((key, index) => [String(key).slice(GLOBAL_DATA.length), contents[index]] as const);
    return loadedFrom(me, {
      rooms: rooms as RoomData[],
      members: members as MemberData[],
      ops,
      encrypted,
      drafts,
      data,
      pos,
    });
  }

  async keepTimelines(roomIds: ReadonlySet<string>): Promise<void> {
    const tx = this.db.transaction(['timelines', 'events'], 'readwrite');
    const stored = await tx.objectStore('timelines').getAllKeys();
    const gone = stored.filter((roomId) => !roomIds.has(roomId));
    const steps = gone.map(async (roomId) => {
      const timelines = tx.objectStore('timelines');
      const events = tx.objectStore('events');
      const last = (await timelines.get(roomId))?.ids.at(-1);
      const newest = last === undefined ? undefined : await events.get([roomId, last]);
      await events.delete(IDBKeyRange.bound([roomId, ''], [roomId, '\uffff']));
      if (last === undefined || newest === undefined) {
        return timelines.delete(roomId);
      }
      await events.put(newest, [roomId, last]);
      return timelines.put({ roomId, ids: [last], older: { event: last } }, roomId);
    });
    await Promise.all([...steps, tx.done]);
  }

  async timeline(roomId: string): Promise<RoomTimeline> {
    const tx = this.db.transaction(['timelines', 'events'], 'readonly');
    const record = await tx.objectStore('timelines').get(roomId);
    const range = IDBKeyRange.bound([roomId, ''], [roomId, '\uffff']);
    return timelineFrom(roomId, record, record === undefined ? [] : await tx.objectStore('events').getAll(range));
  }
}
