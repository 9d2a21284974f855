/** A room as one page has it open: what the page was told of its timeline, and what it has to be told next. */
import { replyTarget } from '../model/relations';
import { viewId } from '../model/view-ids';
import type { ErrorInfo, TimelineItem } from '../store/contract';
import { type Patch, spliceBetween } from './rpc';
import { localKey } from './send/ops';
import type { Account } from './sync/account';
import { uncleared } from './sync/cleared';
import type { Fragment } from './sync/fragments';
import { eventItem, itemKeys, opItem, threadKeys } from './sync/items';
import type { Thread } from './sync/threads';
import type { RoomTimeline } from './sync/timeline';

export interface OpenRoom {
  /** The thread that is looked at; null: the main timeline. */
  readonly root: string | null;
  /** An event of the fragment that is looked at; null: the live one. */
  anchor: string | null;
  /** The oldest event of it that the page was told of; null: not chosen yet; 'all': there is nothing older here. */
  oldest: string | null;
  keys: readonly string[];
  /** What was told last, as JSON, by key. */
  items: Map<string, string>;
  flags: string;
}

/** What is shown and is not here: the event that a row quotes, the votes of a poll, the newest of a thread. */
export type Missing = 'quoted' | 'votes' | 'thread';

export interface LoadState {
  readonly older: boolean;
  readonly newer: boolean;
  readonly error: ErrorInfo | null;
}

export const IDLE: LoadState = { older: false, newer: false, error: null };

export function newlyOpen(root: string | null): OpenRoom {
  return { root, anchor: null, oldest: null, keys: [], items: new Map(), flags: '' };
}

/** The run that is looked at, without what I cleared of it. */
export function viewedFragment(account: Account, timeline: RoomTimeline, anchor: string | null): Fragment | null {
  const run = (anchor === null ? null : timeline.fragmentOf(anchor)) ?? timeline.live;
  return run === null ? null : uncleared(account, timeline, run);
}

/** So many events a page is told of when it opens a long timeline: what it puts into its document then. */
const FIRST = 60;
/** And so many more whenever it asks for older ones. */
const STEP = 180;
const ALL = 'all';

/** The part of a fragment that the page is told of: its end, and around the event that is looked for. */
function shownOf(open: OpenRoom, fragment: Fragment): Fragment {
  const { ids } = fragment;
  const known = open.oldest === ALL ? 0 : open.oldest === null ? -1 : ids.indexOf(open.oldest);
  const wanted = open.anchor === null ? ids.length : ids.indexOf(open.anchor) - STEP / 2;
  const from = Math.max(0, Math.min(known < 0 ? ids.length - FIRST : known, wanted));
  open.oldest = from === 0 ? ALL : (ids[from] ?? ALL);
  return from === 0 ? fragment : { ...fragment, ids: ids.slice(from), older: { event: ids[from] ?? '' } };
}

/** Lets the page see more of what is here; false when it sees all of it. */
export function showOlder(open: OpenRoom, fragment: Fragment | null): boolean {
  const at = fragment?.ids.indexOf(open.oldest ?? '') ?? -1;
  if (fragment === null || at <= 0) {
    return false;
  }
  open.oldest = fragment.ids[at - STEP] ?? ALL;
  return true;
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
  const { root } = open;
  const viewed = root === null ? viewedFragment(account, timeline, open.anchor) : null;
  let fragment = viewed === null ? null : shownOf(open, viewed);
  open.anchor = fragment?.live === false ? open.anchor : null;
  let keys = root === null ? itemKeys(account, timeline, fragment) : threadKeys(account, timeline, root);
  // Reactions and edits make no rows: a page without any would not know that there is more.
  while (keys.length === 0 && viewed !== null && showOlder(open, viewed)) {
    fragment = shownOf(open, viewed);
    keys = itemKeys(account, timeline, fragment);
  }
  const ids =
    root === null ? (fragment?.ids ?? []) : [root, ...timeline.threads.shown(root, (id) => timeline.event(id))];
  const events = changedItems(open, keys, rowsOf(account, timeline, ids), from);
  const splice = spliceBetween(open.keys, keys);
  const flags = root === null ? flagsOf(fragment, from.load) : threadFlags(timeline.threads.of(root), from.load);
  const thread = root === null ? null : timeline.threads.of(root);
  if (root !== null && thread !== null && (thread.stale || !thread.loaded)) {
    from.missing('thread', roomId, root);
  }
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
  return { p: 'timeline', roomId: viewId(roomId, root), splice, events, flags };
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

function rowsOf(account: Account, timeline: RoomTimeline, ids: readonly string[]): Map<string, RowSource> {
  const rows = new Map<string, RowSource>();
  for (const op of account.opsOf(timeline.roomId)) {
    if (op.kind === 'message') {
      const quoted = replyTarget(op.content);
      const key = localKey(op.txnId);
      rows.set(key, { ids: quoted === null ? [key] : [key, quoted], make: () => opItem(account, timeline, op) });
    }
  }
  for (const id of ids) {
    const event = timeline.event(id);
    if (event !== undefined) {
      const key = account.keyOf(event);
      const quoted = replyTarget(event.content);
      const seen = quoted === null ? [id, key] : [id, key, quoted];
      rows.set(key, { ids: seen, make: () => eventItem(account, timeline, event) });
    }
  }
  return rows;
}

function threadFlags(thread: Thread, load: LoadState) {
  return {
    live: true,
    hasOlder: !thread.loaded || thread.older !== null,
    hasNewer: false,
    loadingOlder: load.older,
    loadingNewer: false,
    loadError: load.error,
  };
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
