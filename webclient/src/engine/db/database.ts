/** The engine's database. One delta is one transaction: what it changed, together with the position that it leads to. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Json, MatrixEvent } from '../../model/events';
import type { Draft } from '../../store/contract';
import type { Op } from '../send/ops';
import type { MemberData, RoomData } from '../sync/account';
import { Account } from '../sync/account';
import type { Records, StoreName, Write } from '../sync/changes';
import { RoomTimeline } from '../sync/timeline';

const NAME = 'hearth';
const VERSION = 2;
const STORES: readonly StoreName[] = [
  'kv',
  'rooms',
  'members',
  'timelines',
  'events',
  'outbox',
  'drafts',
  'encrypted',
  'blobs',
];
/** What came from the server and comes again after a reset. */
const FROM_SERVER: readonly StoreName[] = ['rooms', 'members', 'timelines', 'events'];

/** Keys in `kv` of global account data. */
const globalData = () => IDBKeyRange.bound('account_data ', 'account_data \uffff');

type Schema = DBSchema & { [S in StoreName]: Records[S] & { indexes: Record<never, never> } };

export class Database {
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

  /** A file that waits to be uploaded; null when it is not there any more. */
  async blob(key: string): Promise<Blob | null> {
    return (await this.db.get('blobs', key)) ?? null;
  }

  async setValue(key: string, value: unknown): Promise<void> {
    await this.write([{ store: 'kv', key, value }], { strict: true });
  }

  /** All of it or nothing. `strict`: on the disk before it resolves, for what exists nowhere else. */
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

  /** Resolves when the disk takes so many bytes more, which it does not keep. */
  async probe(bytes: number): Promise<void> {
    const filling = Uint8Array.from({ length: bytes }, () => Math.random() * 256);
    await this.setValue('probe', filling);
    await this.write([{ store: 'kv', key: 'probe', value: undefined }]);
  }

  /** Puts what waits to be sent in place of what waited before; files that are not among `files` stay as they are. */
  async replaceUnsent(ops: Iterable<Op>, files: ReadonlyMap<string, Blob>, reads: unknown): Promise<void> {
    const tx = this.db.transaction(['outbox', 'blobs', 'kv'], 'readwrite', { durability: 'strict' });
    const outbox = tx.objectStore('outbox');
    const blobs = tx.objectStore('blobs');
    const steps: Promise<unknown>[] = [outbox.clear(), tx.objectStore('kv').put(reads, 'reads')];
    steps.push(...[...ops].map((op) => outbox.put(op, op.txnId)));
    steps.push(...[...files].map(([key, file]) => blobs.put(file, key)));
    await Promise.all([...steps, tx.done]);
  }

  /** Wipes everything, as at sign-out. */
  async wipe(): Promise<void> {
    const tx = this.db.transaction(STORES, 'readwrite');
    await Promise.all([...STORES.map((store) => tx.objectStore(store).clear()), tx.done]);
  }

  /** What is stored of the account, without timelines, and the position it belongs to. */
  async load(me: string): Promise<{ account: Account; pos: string | null; drafts: Map<string, Draft> }> {
    const account = new Account(me);
    const tx = this.db.transaction(STORES, 'readonly');
    const globals = globalData();
    const [rooms, members, ops, encrypted, draftRecords, dataKeys, data, pos] = await Promise.all([
      tx.objectStore('rooms').getAll(),
      tx.objectStore('members').getAll(),
      tx.objectStore('outbox').getAll(),
      tx.objectStore('encrypted').getAll(),
      tx.objectStore('drafts').getAll(),
      tx.objectStore('kv').getAllKeys(globals),
      tx.objectStore('kv').getAll(globals),
      tx.objectStore('kv').get('pos'),
    ]);
    for (const room of rooms as RoomData[]) {
      account.rooms.set(room.id, room);
    }
    for (const member of members as MemberData[]) {
      account.membersOf(member.roomId).set(member.userId, member);
    }
    for (const op of ops) {
      // What was on its way when the engine ended is sent again; its transaction id keeps it from being doubled.
      account.ops.set(op.txnId, op.state === 'sending' ? { ...op, state: 'queued' } : op);
    }
    for (const roomId of encrypted) {
      account.encrypted.add(roomId);
    }
    dataKeys.forEach(
      (key, index) => void account.accountData.set(String(key).slice('account_data '.length), data[index] as Json),
    );
    account.listReady = pos !== undefined;
    const drafts = new Map(draftRecords.map((record) => [record.roomId, record.draft as Draft]));
    return { account, pos: typeof pos === 'string' ? pos : null, drafts };
  }

  /** Of all but these rooms keeps the newest message alone, with a way on to the others, which are fetched again. */
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
    if (record === undefined) {
      return new RoomTimeline(roomId);
    }
    const all = await tx.objectStore('events').getAll(IDBKeyRange.bound([roomId, ''], [roomId, '\uffff']));
    const byId = new Map(all.map(({ event }) => [event.event_id, event]));
    const events = record.ids.flatMap((id): MatrixEvent[] => {
      const event = byId.get(id);
      return event === undefined ? [] : [event];
    });
    return RoomTimeline.fromStored(record, events);
  }
}
