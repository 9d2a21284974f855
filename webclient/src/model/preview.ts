/** The short form of a message: for a row of the chat list and for the quote above a reply. */
import type { PreviewBody, ServiceLine } from '../store/contract';
import { type Json, text } from './events';
import { mediaOf } from './media';
import { pollOf } from './polls';
import { bodyOf } from './relations';

const LONGEST = 200;

const PLAIN: Readonly<Record<string, 'text' | 'notice' | 'emote'>> = {
  'm.text': 'text',
  'm.notice': 'notice',
  'm.emote': 'emote',
};

/** Body for a row: one line, at most 200 signs. */
export function previewBody(
  kind: 'message' | 'service' | 'encrypted' | 'redacted' | 'unknown',
  type: string,
  content: Json,
  service: ServiceLine | null,
): PreviewBody {
  if (kind === 'service' && service !== null) {
    return { kind: 'service', text: '', service };
  }
  if (kind === 'encrypted' || kind === 'redacted' || kind === 'service') {
    return { kind: kind === 'service' ? 'unknown' : kind, text: '' };
  }
  const body = oneLine(bodyOf(content));
  const poll = pollOf(type, content);
  if (poll !== null) {
    return { kind: 'poll', text: oneLine(poll.question) };
  }
  if (type === 'm.sticker') {
    return { kind: 'sticker', text: body };
  }
  const msgtype = text(content.msgtype);
  const media = mediaOf(type, content);
  if (media !== null) {
    // A photo needs no name; a file or a piece of music is known by it.
    const words =
      media.caption === '' && (media.kind === 'file' || media.kind === 'audio') ? media.name : media.caption;
    const length = media.kind === 'voice' && media.durationMs > 0 ? { durationMs: media.durationMs } : {};
    return { kind: media.kind, text: oneLine(words), ...length };
  }
  if (msgtype === 'm.location') {
    return { kind: 'location', text: '' };
  }
  const plain = PLAIN[msgtype];
  if (plain !== undefined || body !== '') {
    return { kind: plain ?? 'text', text: body };
  }
  return { kind: 'unknown', text: '' };
}

function oneLine(body: string): string {
  const line = body.replace(/\s+/gu, ' ').trim();
  // Cut between whole signs: half a surrogate pair would show as a box.
  return line.length <= LONGEST ? line : `${Array.from(line).slice(0, LONGEST).join('')}…`;
}
