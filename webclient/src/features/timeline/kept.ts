/** Which items of a timeline are shown: what was deleted leaves nothing behind, except where one wants to see a trace. */

import { unwrap } from 'solid-js/store';
import type { Row } from '../../model/grouping';
import type { EventId, ItemKey, Timeline, TimelineItem } from '../../store/contract';
import { mayMove } from '../../ui/motion';

interface Wishes {
  /** Deleted messages leave a line that says so. */
  readonly trace: boolean;
  /** Deleted just now, and still on their way out. */
  readonly leaving: ReadonlySet<ItemKey>;
}

const fade_ms = 200;

/** Rows that were deleted while they were in sight; `done` is called when one of them has faded. */
export function createFades(done: () => void) {
  const leaving = new Set<ItemKey>();
  /** True when there is something to see of it. */
  const begin = (key: ItemKey): boolean => {
    leaving.add(key);
    const moves = mayMove();
    setTimeout(
      () => {
        leaving.delete(key);
        done();
      },
      moves ? fade_ms : 0,
    );
    return moves;
  };
  return { leaving, begin };
}

/** Whether a deleted message leaves nothing: where a thread begins with it, its row stays. */
export const leavesNothing = (item: TimelineItem, trace: boolean): boolean =>
  item.kind === 'redacted' && !trace && item.thread === null;

/** The items to show; and the event under which the unread line goes, for `readUpTo` may be one that is not shown. */
export function keptOf(
  items: readonly TimelineItem[],
  readUpTo: EventId | null,
  { trace, leaving }: Wishes,
): { readonly items: readonly TimelineItem[]; readonly readUpTo: EventId | null } {
  const kept: TimelineItem[] = [];
  let line = readUpTo;
  for (const item of items) {
    if (!leavesNothing(item, trace) || leaving.has(item.key)) kept.push(item);
    else if (item.eventId === readUpTo) line = kept[kept.length - 1]?.eventId ?? null;
  }
  return { items: kept, readUpTo: line };
}

/** A chat that is new has no more lines than these. */
const fewRows = 20;

/** Whether nobody has said anything in a chat yet. */
export function isUnsaid(timeline: Timeline, rows: readonly Row[]): boolean {
  if (!timeline.live || timeline.hasOlder || rows.length > fewRows) return false;
  const events = unwrap(timeline.events);
  return rows.every((row) => row.type !== 'item' || events[row.key]?.kind === 'service');
}

/** The key at `from`, or of the last message of somebody else (not `me`) below it that was deleted: none of them has a row. */
export function withDeleted({ items, events }: Pick<Timeline, 'items' | 'events'>, from: number, me: string): ItemKey {
  let last = items[from] ?? '';
  for (const key of items.slice(from + 1)) {
    const item = events[key];
    if (item?.sender !== me && item?.kind !== 'redacted') break;
    if (item?.sender !== me) last = key;
  }
  return last;
}
