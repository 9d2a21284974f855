/** Commands about polls. */
import {
  endContent,
  LONGEST_ANSWER,
  LONGEST_QUESTION,
  MOST_ANSWERS,
  POLL_END,
  POLL_RESPONSE,
  POLL_START,
  pollContent,
  voteContent,
} from '../model/polls';
import type { PollCommands } from '../store/polls';
import { failure } from './api/http';
import type { Parts } from './commands';
import { requireJoined } from './joined';
import { localKey } from './send/ops';

export function pollCommands(parts: Parts): PollCommands {
  const { queue } = parts;
  return {
    createPoll: async (roomId, { question, answers, most, hidden }) => {
      requireJoined(parts, roomId);
      const asked = question.trim().slice(0, LONGEST_QUESTION);
      const given = answers.map((one) => one.trim().slice(0, LONGEST_ANSWER)).filter((one) => one !== '');
      if (asked === '' || given.length < 2 || given.length > MOST_ANSWERS) {
        throw failure('M_INVALID_PARAM', 'a poll has a question and at least two answers');
      }
      const content = pollContent({ question: asked, most: Math.min(Math.max(1, most), given.length), hidden }, given);
      const op = await queue.add({ roomId, kind: 'message', target: null, type: POLL_START, content });
      return localKey(op.txnId);
    },
    vote: async (roomId, eventId, answers) => {
      requireJoined(parts, roomId);
      const content = voteContent(eventId, answers);
      await queue.add({ roomId, kind: 'vote', target: eventId, type: POLL_RESPONSE, content });
    },
    endPoll: async (roomId, eventId, said) => {
      requireJoined(parts, roomId);
      await queue.add({ roomId, kind: 'vote', target: eventId, type: POLL_END, content: endContent(eventId, said) });
    },
  };
}
