/** What one step changed: records to write in one transaction, and what of the pages' view is out of date. */
import type { MatrixEvent } from '../../model/events';
import type { Op } from '../send/ops';
import type { MemberData, RoomData } from './account';
import type { StoredTimeline } from './timeline';

/** Key and value of the stores on disk. */
export interface Records {
  kv: { key: string; value: unknown };
  rooms: { key: string; value: RoomData };
  members: { key: [string, string]; value: MemberData };
  timelines: { key: string; value: StoredTimeline };
  events: { key: [string, string]; value: { readonly roomId: string; readonly event: MatrixEvent } };
  outbox: { key: string; value: Op };
  drafts: { key: string; value: { readonly roomId: string; readonly draft: unknown } };
  encrypted: { key: string; value: string };
  /** Files that are still to be uploaded. */
  blobs: { key: string; value: Blob };
}

export type StoreName = keyof Records;

export interface Write {
  readonly store: StoreName;
  readonly key: string | [string, string];
  /** undefined: delete. */
  readonly value: unknown;
}

export class Changes {
  private readonly writes = new Map<string, Write>();
  /** Everything on disk that came from the server goes first. */
  forgetAll = false;
  readonly rooms = new Set<string>();
  readonly members = new Map<string, Set<string>>();
  /** Events that look different, by room; `*` for all of them. */
  readonly events = new Map<string, Set<string>>();
  readonly typing = new Set<string>();
  readonly presence = new Set<string>();
  /** Rooms whose timeline record is to be written. */
  readonly timelines = new Set<string>();
  order = false;
  /** What belongs to the account itself looks different. */
  own = false;
  /** Rooms with a draft from another device. */
  readonly drafts = new Set<string>();

  put<S extends StoreName>(store: S, key: Records[S]['key'], value: Records[S]['value']): void {
    this.writes.set(`${store} ${String(key)}`, { store, key, value });
  }

  delete<S extends StoreName>(store: S, key: Records[S]['key']): void {
    this.writes.set(`${store} ${String(key)}`, { store, key, value: undefined });
  }

  list(): Write[] {
    return [...this.writes.values()];
  }

  member(roomId: string, userId: string): void {
    this.members.set(roomId, (this.members.get(roomId) ?? new Set()).add(userId));
  }

  event(roomId: string, eventId: string): void {
    this.events.set(roomId, (this.events.get(roomId) ?? new Set()).add(eventId));
  }
}

/** What several changes, in order, come to on disk. */
export function writesOf(all: readonly Changes[]): Write[] {
  const last = new Map(all.flatMap((changes) => changes.list()).map((write) => [`${write.store} ${write.key}`, write]));
  return [...last.values()];
}
