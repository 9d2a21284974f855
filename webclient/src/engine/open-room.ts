/** A room as one page has it open: what the page was told of its timeline, and what it has to be told next. */
import { replyTarget } from '../model/relations';
import type { ErrorInfo, TimelineItem } from '../store/contract';
import { type Patch, spliceBetween } from './rpc';
import { localKey } from './send/ops';
import type { Account } from './sync/account';
import type { Fragment } from './sync/fragments';
import { eventItem, itemKeys, opItem } from './sync/items';
import type { RoomTimeline } from './sync/timeline';

export interface OpenRoom {
  /** An event of the fragment that is looked at; null: the live one. */
  anchor: string | null;
  keys: readonly string[];
  /** What was told last, as JSON, by key. */
  items: Map<string, string>;
  flags: string;
}

/** What a row shows and is not here: the event that it quotes, or the votes of a poll. */
export type Missing = 'quoted' | 'votes';

export interface LoadState {
  readonly older: boolean;
  readonly newer: boolean;
  readonly error: ErrorInfo | null;
}

export const IDLE: LoadState = { older: false, newer: false, error: null };

export function newlyOpen(): OpenRoom {
  return { anchor: null, keys: [], items: new Map(), flags: '' };
}

export function viewedFragment(timeline: RoomTimeline, anchor: string | null): Fragment | null {
  return (anchor === null ? null : timeline.fragmentOf(anchor)) ?? timeline.live;
}

interface Refresh {
  readonly account: Account;
  readonly roomId: string;
  readonly load: LoadState;
  /** Ids of what looks different, `*` for everything; null: look at all of it. */
  readonly dirty: ReadonlySet<string> | null;
  readonly missing: (what: Missing, roomId: string, eventId: string) => void;
}

/** Brings `open` up to date; returns what to tell the page, null when nothing changed. */
export function refresh(open: OpenRoom, from: Refresh): Patch | null {
  const { account, roomId } = from;
  const timeline = account.timeline(roomId);
  const fragment = viewedFragment(timeline, open.anchor);
  open.anchor = fragment?.live === false ? open.anchor : null;
  const keys = itemKeys(account, timeline, fragment);
  const events = changedItems(open, keys, rowsOf(account, timeline, fragment), from);
  const splice = spliceBetween(open.keys, keys);
  const flags = flagsOf(fragment, from.load);
  const flagsJson = JSON.stringify(flags);
  if (splice === null && Object.keys(events).length === 0 && flagsJson === open.flags) {
    return null;
  }
  const shown = new Set(keys);
  for (const key of open.items.keys()) {
    if (!shown.has(key)) {
      open.items.delete(key);
    }
  }
  open.keys = keys;
  open.flags = flagsJson;
  return { p: 'timeline', roomId, splice, events, flags };
}

interface RowSource {
  /** A change of one of these makes the row look different. */
  readonly ids: readonly string[];
  readonly make: () => TimelineItem | null;
}

function changedItems(open: OpenRoom, keys: readonly string[], rows: ReadonlyMap<string, RowSource>, from: Refresh) {
  const { dirty } = from;
  const events: Record<string, TimelineItem> = {};
  for (const key of keys) {
    const row = rows.get(key);
    const same = dirty !== null && !dirty.has('*') && open.items.has(key) && !row?.ids.some((id) => dirty.has(id));
    const item = same ? null : (row?.make() ?? null);
    if (item === null) {
      continue;
    }
    const json = JSON.stringify(item);
    if (json !== open.items.get(key)) {
      open.items.set(key, json);
      events[key] = item;
    }
    if (item.reply?.quoted === null) {
      from.missing('quoted', from.roomId, item.reply.eventId);
    }
    if (item.poll !== null && item.eventId !== null) {
      from.missing('votes', from.roomId, item.eventId);
    }
  }
  return events;
}

function rowsOf(account: Account, timeline: RoomTimeline, fragment: Fragment | null): Map<string, RowSource> {
  const rows = new Map<string, RowSource>();
  for (const op of account.opsOf(timeline.roomId)) {
    if (op.kind === 'message') {
      const quoted = replyTarget(op.content);
      const key = localKey(op.txnId);
      rows.set(key, { ids: quoted === null ? [key] : [key, quoted], make: () => opItem(account, timeline, op) });
    }
  }
  for (const id of fragment?.ids ?? []) {
    const event = timeline.event(id);
    if (event !== undefined) {
      const key = account.keyOf(event);
      const quoted = replyTarget(event.content);
      const ids = quoted === null ? [id, key] : [id, key, quoted];
      rows.set(key, { ids, make: () => eventItem(account, timeline, event) });
    }
  }
  return rows;
}

function flagsOf(fragment: Fragment | null, load: LoadState) {
  return {
    live: fragment?.live ?? true,
    hasOlder: fragment !== null && fragment.older !== null,
    hasNewer: fragment !== null && !fragment.live && fragment.newer !== null,
    loadingOlder: load.older,
    loadingNewer: load.newer,
    loadError: load.error,
  };
}
