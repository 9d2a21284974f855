/** How events refer to others: edits, reactions, replies, redactions. Spec: Client-Server API, Event relationships. */
import { isObject, type Json, type MatrixEvent, object, text, textOrNull } from './events';
import { pollPart } from './polls';

export type Relation =
  | { readonly kind: 'edit'; readonly target: string }
  | { readonly kind: 'reaction'; readonly target: string; readonly key: string }
  /** A vote in a poll, or its end. */
  | { readonly kind: 'vote' | 'end'; readonly target: string }
  | { readonly kind: 'redaction'; readonly target: string };

/** What this event does to another one; null when it stands for itself. */
export function relationOf(event: MatrixEvent): Relation | null {
  if (event.type === 'm.room.redaction') {
    const target = textOrNull(event.redacts) ?? textOrNull(event.content.redacts);
    return target === null ? null : { kind: 'redaction', target };
  }
  const relates = object(event.content['m.relates_to']);
  const target = textOrNull(relates.event_id);
  if (target === null || event.state_key !== undefined) {
    return null;
  }
  if (relates.rel_type === 'm.replace') {
    return { kind: 'edit', target };
  }
  const key = textOrNull(relates.key);
  if (relates.rel_type === 'm.annotation' && event.type === 'm.reaction' && key !== null) {
    return { kind: 'reaction', target, key };
  }
  const part = pollPart(event.type);
  return part !== null && relates.rel_type === 'm.reference' ? { kind: part, target } : null;
}

/** The event this message answers to, if it is a reply. */
export function replyTarget(content: Json): string | null {
  const relates = object(content['m.relates_to']);
  // In a thread each message names the one before it, for clients that know no threads: that is no answer.
  const isFallback = relates.rel_type === 'm.thread' && relates.is_falling_back === true;
  return isFallback ? null : textOrNull(object(relates['m.in_reply_to']).event_id);
}

/** The first message of the thread that a message belongs to. Spec: Client-Server API, Threading. */
export function threadRoot(content: Json): string | null {
  const relates = object(content['m.relates_to']);
  return relates.rel_type === 'm.thread' ? textOrNull(relates.event_id) : null;
}

/**
 * Whether `edit` may replace `original`. Spec: Client-Server API, Event replacements, Validity of replacement events.
 */
export function isValidEdit(original: MatrixEvent, edit: MatrixEvent): boolean {
  return (
    original.sender === edit.sender &&
    original.type === edit.type &&
    original.state_key === undefined &&
    edit.state_key === undefined &&
    object(original.content['m.relates_to']).rel_type !== 'm.replace' &&
    (edit.type === 'm.room.encrypted' || isObject(edit.content['m.new_content']))
  );
}

/** The content to show for `original` after `edit`: the new content, with the original's own relation (reply) kept. */
export function editedContent(original: MatrixEvent, edit: MatrixEvent): Json {
  const { 'm.relates_to': _dropped, ...fresh } = object(edit.content['m.new_content']);
  const relation = original.content['m.relates_to'];
  return relation === undefined ? fresh : { ...fresh, 'm.relates_to': relation };
}

/** The newer of two edits: by time, then by id, as the spec orders them. */
export function newerEdit(a: MatrixEvent, b: MatrixEvent): MatrixEvent {
  if (a.origin_server_ts !== b.origin_server_ts) {
    return a.origin_server_ts > b.origin_server_ts ? a : b;
  }
  return a.event_id > b.event_id ? a : b;
}

export function isRedacted(event: MatrixEvent): boolean {
  return isObject(object(event.unsigned).redacted_because);
}

/** `event` as it is after `redaction`: no content, and who took it away. */
export function redacted(event: MatrixEvent, redaction: MatrixEvent): MatrixEvent {
  const { 'm.relations': _dropped, ...unsigned } = object(event.unsigned);
  return { ...event, content: {}, unsigned: { ...unsigned, redacted_because: redaction } };
}

export function redactedBy(event: MatrixEvent): string | null {
  return textOrNull(object(object(event.unsigned).redacted_because).sender);
}

/** Body without the quoted lines that old clients put above a reply. */
export function withoutReplyFallback(body: string, isReply: boolean): string {
  if (!isReply || !body.startsWith('> ')) {
    return body;
  }
  const lines = body.split('\n');
  let first = 0;
  while (first < lines.length && (lines[first] ?? '').startsWith('> ')) {
    first += 1;
  }
  return lines
    .slice((lines[first] ?? '') === '' ? first + 1 : first)
    .join('\n')
    .trimStart();
}

/** The text of a message, without reply fallback. */
export function bodyOf(content: Json): string {
  return withoutReplyFallback(text(content.body), replyTarget(content) !== null);
}

const QUOTE = 'app.hearth.quote';
const QUOTE_MOST = 1000;
const even = (words: string) => words.replace(/\s+/g, ' ').trim();

/** The note of which part of an answered message is meant; nothing for words that are not in it. Ours. */
export function quoteContent(quote: string, body: string): Json {
  const offset = body.indexOf(quote);
  return quote === '' || offset < 0 ? {} : { [QUOTE]: { text: quote.slice(0, QUOTE_MOST), offset } };
}

/** The part of a message that an answer to it means; '' when it means all of it, or says what is not in it. */
export function quotedPart(answer: Json, body: string): string {
  const part = even(text(object(answer[QUOTE]).text)).slice(0, QUOTE_MOST);
  return part !== '' && even(body).includes(part) ? part : '';
}
