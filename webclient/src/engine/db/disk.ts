/** What the engine needs of a place that keeps things: the database of the browser, or memory where there is none. */
import type { Json, MatrixEvent } from '../../model/events';
import type { Draft } from '../../store/contract';
import type { Op } from '../send/ops';
import { Account } from '../sync/account';
import type { Records, StoreName, Write } from '../sync/changes';
import { RoomTimeline, type StoredTimeline } from '../sync/timeline';

export const STORES: readonly StoreName[] = [
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
export const FROM_SERVER: readonly StoreName[] = ['rooms', 'members', 'timelines', 'events'];

/** Before the type of global account data in the keys of `kv`. */
export const GLOBAL_DATA = 'account_data ';

export interface Disk {
  /** Whether it outlives the browser. */
  readonly lasts: boolean;
  close(): void;
  value(key: string): Promise<unknown>;
  /** A file that waits to be uploaded; null when it is not there any more. */
  blob(key: string): Promise<Blob | null>;
  setValue(key: string, value: unknown): Promise<void>;
  /** All of it or nothing. `strict`: on the disk before it resolves, for what exists nowhere else. */
  write(writes: readonly Write[], options?: { readonly strict?: boolean; readonly forgetAll?: boolean }): Promise<void>;
  /** Resolves when the disk takes so many bytes more, which it does not keep. */
  probe(bytes: number): Promise<void>;
  /** Puts what waits to be sent in place of what waited before; files that are not among `files` stay as they are. */
  replaceUnsent(ops: Iterable<Op>, files: ReadonlyMap<string, Blob>, reads: unknown): Promise<void>;
  /** Wipes everything, as at sign-out. */
  wipe(): Promise<void>;
  /** What is stored of the account, without timelines, and the position it belongs to. */
  load(me: string): Promise<Loaded>;
  /** Of all but these rooms keeps the newest message alone, with a way on to the others, which are fetched again. */
  keepTimelines(roomIds: ReadonlySet<string>): Promise<void>;
  timeline(roomId: string): Promise<RoomTimeline>;
}

export interface Loaded {
  readonly account: Account;
  readonly pos: string | null;
  readonly drafts: Map<string, Draft>;
}

/** All records of an account but its timelines. */
export interface Stored {
  readonly rooms: readonly Records['rooms']['value'][];
  readonly members: readonly Records['members']['value'][];
  readonly ops: readonly Op[];
  readonly encrypted: readonly string[];
  readonly drafts: readonly Records['drafts']['value'][];
  /** Global account data by type. */
  readonly data: readonly (readonly [string, unknown])[];
  readonly pos: unknown;
}

export function loadedFrom(me: string, stored: Stored): Loaded {
  const account = new Account(me);
  for (const room of stored.rooms) {
    account.rooms.set(room.id, room);
  }
  for (const member of stored.members) {
    account.membersOf(member.roomId).set(member.userId, member);
  }
  for (const op of stored.ops) {
    // What was on its way when the engine ended is sent again; its transaction id keeps it from being doubled.
    account.ops.set(op.txnId, op.state === 'sending' ? { ...op, state: 'queued' } : op);
  }
  for (const roomId of stored.encrypted) {
    account.encrypted.add(roomId);
  }
  for (const [type, content] of stored.data) {
    account.accountData.set(type, content as Json);
  }
  account.listReady = stored.pos !== undefined;
  const drafts = new Map(stored.drafts.map((record) => [record.roomId, record.draft as Draft]));
  return { account, pos: typeof stored.pos === 'string' ? stored.pos : null, drafts };
}

/** A room's timeline from its record, undefined when it has none, and its events in any order. */
export function timelineFrom(
  roomId: string,
  record: StoredTimeline | undefined,
  all: readonly Records['events']['value'][],
): RoomTimeline {
  if (record === undefined) {
    return new RoomTimeline(roomId);
  }
  const byId = new Map(all.map(({ event }) => [event.event_id, event]));
  const events = record.ids.flatMap((id): MatrixEvent[] => {
    const event = byId.get(id);
    return event === undefined ? [] : [event];
  });
  return RoomTimeline.fromStored(record, events);
}
