/** Chats whose past I have cleared for myself: the others keep it. Spec of the name: docs/extensions.md. */
import { type Json, type MatrixEvent, number, text } from '../../model/events';
import type { Account } from './account';
import type { Fragment } from './fragments';
import type { RoomTimeline } from './timeline';

export const CLEARED = 'app.hearth.cleared';

interface Cleared {
  /** The last event that is gone, and its time. */
  readonly eventId: string;
  readonly ts: number;
}

export function clearedIn(account: Account, roomId: string): Cleared | null {
  const content = account.rooms.get(roomId)?.accountData[CLEARED];
  const eventId = text(content?.event_id);
  return eventId === '' ? null : { eventId, ts: number(content?.ts, 0) };
}

export const clearedUpTo = (event: MatrixEvent): Json => ({ event_id: event.event_id, ts: event.origin_server_ts });

/**
 * What I still see of a run of events. Where the last one that is gone lies in it, its place counts, since clocks of
 * servers differ; a run without it ends or begins at its time.
 */
export function uncleared(account: Account, timeline: RoomTimeline, run: Fragment): Fragment {
  const cleared = clearedIn(account, timeline.roomId);
  if (cleared === null) {
    return run;
  }
  const at = run.ids.indexOf(cleared.eventId);
  const isNewer = (id: string) => (timeline.event(id)?.origin_server_ts ?? 0) > cleared.ts;
  const first = at >= 0 ? at + 1 : run.ids.findIndex(isNewer);
  if (first === 0) {
    return run;
  }
  return { ...run, ids: first < 0 ? [] : run.ids.slice(first), older: null };
}

/** Whether what happened at this time is gone: for lists that do not know the order of events. */
export function isCleared(account: Account, roomId: string, ts: number): boolean {
  const cleared = clearedIn(account, roomId);
  return cleared !== null && ts <= cleared.ts;
}
