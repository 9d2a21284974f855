/** A poll as pages show it: what the server has of it, with my own votes that are on their way. */
import type { Json, MatrixEvent } from '../../model/events';
import { pollOf, tally } from '../../model/polls';
import { levelOf, powersOf } from '../../model/powers';
import type { Poll } from '../../store/polls';
import type { Op } from '../send/ops';
import type { Account } from './account';
import type { RoomTimeline } from './timeline';

/** What is on its way comes after all that is there, whatever the clock of this device says. */
const LAST = Number.MAX_SAFE_INTEGER;

interface Shown {
  /** Of the poll, with the newest edit applied. */
  readonly content: Json;
  /** What of mine is on its way to it. */
  readonly ops: readonly Op[];
}

/** null when the event is no poll. */
export function pollView(account: Account, timeline: RoomTimeline, event: MatrixEvent, shown: Shown): Poll | null {
  const poll = pollOf(event.type, shown.content);
  if (poll === null) {
    return null;
  }
  const pending = shown.ops.flatMap((op): MatrixEvent[] => {
    const { txnId, type, content } = op;
    const waits = op.kind === 'vote' && op.state !== 'failed' && !(op.eventId && timeline.event(op.eventId));
    return waits ? [{ type, content, event_id: `~${txnId}`, sender: account.me, origin_server_ts: LAST }] : [];
  });
  const mayEnd = enders(account, timeline.roomId, event.sender);
  const { voters, people, ended } = tally(poll, [...timeline.votesIn(event.event_id), ...pending], mayEnd);
  return {
    question: poll.question,
    choices: poll.answers.map((answer) => {
      const who = voters.get(answer.id) ?? [];
      return { ...answer, voters: who, mine: who.includes(account.me) };
    }),
    most: poll.most,
    hidden: poll.hidden,
    people,
    ended,
    mayEnd: mayEnd(account.me),
  };
}

/** Whoever asked may end a poll, and whoever may take messages of others away. */
function enders(account: Account, roomId: string, asker: string): (sender: string) => boolean {
  const create = account.state(roomId, 'm.room.create');
  const levels = account.state(roomId, 'm.room.power_levels')?.content ?? null;
  const powers = powersOf(levels, create?.content ?? {}, create?.sender ?? '');
  return (sender) => sender === asker || levelOf(powers, sender) >= powers.need.redact;
}
