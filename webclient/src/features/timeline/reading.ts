/** Tells the server what has been read: the newest message of others that was at least half in sight of a focused tab. */
import { createEffect, onCleanup, untrack } from 'solid-js';
import { viewId } from '../../model/view-ids';
import { useClient } from '../../store/context';
import type { EventId, MirrorState, RoomId, Timeline } from '../../store/contract';
import { me } from '../../store/people';
import { withDeleted } from './kept';
import { rowsIn } from './scroll';

const pause_ms = 500;
const again_ms = 5_000;

interface Watched {
  readonly box: HTMLElement;
  readonly content: HTMLElement;
  readonly roomId: RoomId;
  /** The thread that is watched. */
  readonly root?: EventId | undefined;
  readonly timeline: () => Timeline;
}

/** Between which rows the unread line goes when a chat is opened; null when nothing of others follows what was read. */
export function unreadFrom(state: MirrorState, roomId: RoomId, { items, events }: Timeline) {
  const readUpTo = state.rooms[roomId]?.readUpTo ?? null;
  if (readUpTo === null) return null;
  const read = items.findIndex((key) => events[key]?.eventId === readUpTo);
  const first = items.findIndex((key, at) => {
    const item = events[key];
    return at > read && item !== undefined && item.kind !== 'service' && item.sender !== me(state);
  });
  return read >= 0 && first >= 0 ? { readUpTo, read, first } : null;
}

/** The event to load before an opened chat is shown: where reading ended, when that lies above what is here. */
export function unreadAbove(state: MirrorState, roomId: RoomId, { items, events, live, hasOlder }: Timeline) {
  const room = state.rooms[roomId];
  const readUpTo = room?.readUpTo ?? null;
  if (readUpTo === null || !live || !hasOlder || !room?.unread.notifications) return null;
  return items.some((key) => events[key]?.eventId === readUpTo) ? null : readUpTo;
}

/** The newest message of a row: an album has several. */
function lastKeyOf(row: HTMLElement | undefined): string {
  return row?.dataset.keys?.split(' ').pop() ?? row?.dataset.key ?? '';
}

/** Watch a pane until its owner is disposed. */
export function watchReading({ box, content, roomId, root, timeline }: Watched): void {
  const { state, commands } = useClient();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  let told = root ? null : (state.rooms[roomId]?.readUpTo ?? null);

  const newestSeen = () => {
    const bottom = box.getBoundingClientRect().bottom;
    return rowsIn(content).findLast((row) => {
      const item = timeline().events[row.dataset.key ?? ''];
      if (!item?.eventId || item.sender === me(state)) return false;
      const place = row.getBoundingClientRect();
      return place.top + place.height / 2 <= bottom;
    });
  };
  const tell = () => {
    timer = undefined;
    if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const { items, events } = timeline();
    // What is on its way has no id yet either.
    const before = told === null ? -1 : items.findIndex((key) => events[key]?.eventId === told);
    // To look where rows are would lay out the page, and most often all has been read.
    if (before >= 0 && items.slice(before + 1).every((key) => events[key]?.sender === me(state))) return;
    const from = Math.max(before, items.indexOf(lastKeyOf(newestSeen())));
    const seen = events[withDeleted({ items, events }, from, me(state))];
    if (!seen?.eventId || seen.eventId === told || seen.eventId === root) return;
    if (before >= items.indexOf(seen.key)) return;
    told = seen.eventId;
    const read = root ? commands.markThreadRead(roomId, root, seen.eventId) : commands.markRead(roomId, seen.eventId);
    void read.catch(() => {
      told = null;
      // Rows that are out of the document have no place: all of them would count as seen.
      if (!gone) timer ??= setTimeout(tell, again_ms);
    });
  };
  const soon = () => {
    // Of a scroll the browser tells in the next frame, also when the pane has gone by then.
    if (!gone) timer ??= setTimeout(tell, pause_ms);
  };
  createEffect(() => {
    if (timeline().items.length > 0) soon();
  });
  box.addEventListener('scroll', soon, { passive: true });
  window.addEventListener('focus', soon);
  document.addEventListener('visibilitychange', soon);
  onCleanup(() => {
    gone = true;
    const isDue = timer !== undefined && state.timelines[viewId(roomId, root ?? null)] !== undefined;
    clearTimeout(timer);
    // Who leaves has read what was in sight until then: its rows are still there.
    if (isDue) untrack(tell);
    window.removeEventListener('focus', soon);
    document.removeEventListener('visibilitychange', soon);
  });
}
