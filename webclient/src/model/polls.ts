/**
 * Polls, in the names of the released specification to be (`m.poll.*`) and in those that clients write today
 * (`org.matrix.msc3381.poll.*`); both are read, the latter are written. Spec: MSC3381.
 */
import { isObject, type Json, list, type MatrixEvent, number, object, text, textOrNull, texts } from './events';

const UNSTABLE = 'org.matrix.msc3381.poll';
const WORDS = 'org.matrix.msc1767.text';

export const POLL_START = `${UNSTABLE}.start`;
export const POLL_RESPONSE = `${UNSTABLE}.response`;
export const POLL_END = `${UNSTABLE}.end`;

const STARTS: ReadonlySet<string> = new Set([POLL_START, 'm.poll.start']);
const RESPONSES: ReadonlySet<string> = new Set([POLL_RESPONSE, 'm.poll.response']);
const ENDS: ReadonlySet<string> = new Set([POLL_END, 'm.poll.end']);

export const MOST_ANSWERS = 20;
export const LONGEST_QUESTION = 300;
export const LONGEST_ANSWER = 100;

export interface PollAnswer {
  readonly id: string;
  readonly text: string;
}

/** What is asked. */
export interface PollQuestion {
  readonly question: string;
  readonly answers: readonly PollAnswer[];
  /** So many answers may be chosen at most. */
  readonly most: number;
  /** Nobody sees how the others vote until it is over. */
  readonly hidden: boolean;
}

/** How it stands. */
export interface Tally {
  /** Who chose an answer, by its id; only votes that count. */
  readonly voters: ReadonlyMap<string, readonly string[]>;
  /** How many people voted. */
  readonly people: number;
  readonly ended: boolean;
}

export function isPollStart(type: string): boolean {
  return STARTS.has(type);
}

/** What an event does to a poll; null when it does nothing to one. */
export function pollPart(type: string): 'vote' | 'end' | null {
  return RESPONSES.has(type) ? 'vote' : ENDS.has(type) ? 'end' : null;
}

/** The question of a poll's content; null when there is none that could be answered. */
export function pollOf(type: string, content: Json): PollQuestion | null {
  if (!STARTS.has(type)) {
    return null;
  }
  const start = isObject(content[POLL_START]) ? content[POLL_START] : object(content['m.poll']);
  const question = words(start.question).trim();
  const seen = new Set<string>();
  const answers = list(start.answers)
    .map(object)
    .map((one) => ({ id: textOrNull(one.id) ?? text(one['m.id']), text: words(one).trim() }))
    .filter((one) => one.id !== '' && one.text !== '' && !seen.has(one.id) && seen.add(one.id))
    .slice(0, MOST_ANSWERS);
  if (question === '' || answers.length === 0) {
    return null;
  }
  const most = Math.max(1, Math.min(answers.length, Math.floor(number(start.max_selections, 1))));
  return { question, answers, most, hidden: !/\.disclosed$/.test(text(start.kind)) };
}

/** Text of a question or an answer: a list of forms, one string, or the body of a message. */
function words(value: unknown): string {
  const of = object(value);
  const forms = list(of['m.text']).map(object);
  const plain = forms.find((form) => form.mimetype === undefined || form.mimetype === 'text/plain');
  return text(plain?.body) || text(of[WORDS]) || text(of.body);
}

/** The answers that a response chooses, as many as count; null when it is spoiled. */
function chosen(poll: PollQuestion, response: MatrixEvent): readonly string[] | null {
  const { content } = response;
  const ids = isObject(content[POLL_RESPONSE])
    ? texts(object(content[POLL_RESPONSE]).answers)
    : texts(content['m.selections']);
  const counted = [...new Set(ids)].slice(0, poll.most);
  return counted.every((id) => poll.answers.some((answer) => answer.id === id)) ? counted : null;
}

/**
 * The last response of each person that came before the end. `mayEnd`: whose end is one. Spec: MSC3381, Poll responses
 * and Poll close events.
 */
export function tally(poll: PollQuestion, parts: readonly MatrixEvent[], mayEnd: (sender: string) => boolean): Tally {
  const ends = parts.filter((part) => pollPart(part.type) === 'end' && mayEnd(part.sender));
  const endTs = ends.length === 0 ? null : Math.min(...ends.map((end) => end.origin_server_ts));
  const last = new Map<string, MatrixEvent>();
  for (const part of parts) {
    const late = endTs !== null && part.origin_server_ts > endTs;
    const before = last.get(part.sender);
    if (pollPart(part.type) === 'vote' && !late && (before === undefined || isLater(part, before))) {
      last.set(part.sender, part);
    }
  }
  const voters = new Map<string, string[]>();
  let people = 0;
  for (const [sender, response] of last) {
    const ids = chosen(poll, response) ?? [];
    people += ids.length > 0 ? 1 : 0;
    for (const id of ids) {
      voters.set(id, [...(voters.get(id) ?? []), sender]);
    }
  }
  return { voters, people, ended: endTs !== null };
}

function isLater(a: MatrixEvent, b: MatrixEvent): boolean {
  return a.origin_server_ts === b.origin_server_ts ? a.event_id > b.event_id : a.origin_server_ts > b.origin_server_ts;
}

export function pollContent(poll: Omit<PollQuestion, 'answers'>, answers: readonly string[]): Json {
  const ids = answers.map((_, at) => String(at + 1));
  const said = [poll.question, ...answers.map((answer, at) => `${at + 1}. ${answer}`)].join('\n');
  return {
    [WORDS]: said,
    [POLL_START]: {
      kind: poll.hidden ? `${UNSTABLE}.undisclosed` : `${UNSTABLE}.disclosed`,
      max_selections: poll.most,
      question: { [WORDS]: poll.question, body: poll.question, msgtype: 'm.text' },
      answers: answers.map((answer, at) => ({ id: ids[at], [WORDS]: answer })),
    },
    'm.mentions': {},
  };
}

export function voteContent(pollId: string, answers: readonly string[]): Json {
  return { 'm.relates_to': { rel_type: 'm.reference', event_id: pollId }, [POLL_RESPONSE]: { answers } };
}

/** `said`: what it says where polls are not known. */
export function endContent(pollId: string, said: string): Json {
  return { 'm.relates_to': { rel_type: 'm.reference', event_id: pollId }, [POLL_END]: {}, [WORDS]: said };
}
