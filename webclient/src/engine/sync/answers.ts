/** Whoever writes in a chat has read what stands above, whether or not a receipt came. */
import type { MatrixEvent } from '../../model/events';
import type { Fragment } from './fragments';
import { kindOf } from './items';
import type { RoomTimeline } from './timeline';

/** Nobody reads and answers in less: whoever writes so soon after a message was writing it already. */
const AT_ONCE_MS = 1_000;

/** Fragments never change: each is looked through once. */
const known = new WeakMap<Fragment, ReadonlyMap<string, number>>();

/** People with a message of the main timeline in a fragment, and the place of their newest one. */
function writersIn(timeline: RoomTimeline, fragment: Fragment): ReadonlyMap<string, number> {
  const before = known.get(fragment);
  if (before !== undefined) {
    return before;
  }
  const writers = new Map<string, number>();
  fragment.ids.forEach((id, place) => {
    const event = timeline.event(id);
    if (event !== undefined && isMessage(timeline, event)) {
      writers.set(event.sender, place);
    }
  });
  known.set(fragment, writers);
  return writers;
}

/** Who answered what stands at a place of a fragment. */
export function answerersOf(timeline: RoomTimeline, fragment: Fragment, place: number): string[] {
  const at = (where: number) => timeline.event(fragment.ids[where] ?? '')?.origin_server_ts ?? 0;
  const writers = [...writersIn(timeline, fragment)];
  return writers
    .filter(([, newest]) => newest > place && at(newest) - at(place) >= AT_ONCE_MS)
    .map(([userId]) => userId);
}

/** Messages of `me` right above what others wrote: what is new about them is that they were read. */
export function answeredBy(timeline: RoomTimeline, events: readonly MatrixEvent[], me: string): string[] {
  const answer = events.find((event) => event.sender !== me && isMessage(timeline, event));
  const ids = timeline.live?.ids ?? [];
  const answered: string[] = [];
  let knownTo = Number.NEGATIVE_INFINITY;
  for (let at = answer === undefined ? -1 : ids.indexOf(answer.event_id) - 1; at >= 0; at -= 1) {
    const event = timeline.event(ids[at] ?? '');
    if (event === undefined) {
      continue;
    }
    if (event.origin_server_ts <= knownTo) {
      break;
    }
    if (event.sender === me) {
      answered.push(event.event_id);
    } else if (isMessage(timeline, event)) {
      // It has answered what is older.
      knownTo = Math.max(knownTo, event.origin_server_ts - AT_ONCE_MS);
    }
  }
  return answered;
}

function isMessage(timeline: RoomTimeline, event: MatrixEvent): boolean {
  const kind = kindOf(event);
  return kind !== null && kind !== 'service' && timeline.threads.rootOf(event.event_id) === null;
}
