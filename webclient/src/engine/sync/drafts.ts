/** Drafts as account data of a room, so that all devices of a person have them: docs/extensions.md. */
import { type Json, text, textOrNull } from '../../model/events';
import type { Draft } from '../../store/contract';

export function draftContent(draft: Draft | null, device: string, now: number): Json {
  return draft === null
    ? { device }
    : { text: draft.text, reply_to: draft.replyTo, editing: draft.editing, ts: now, device };
}

export function draftOf(content: Json): Draft | null {
  const words = text(content.text);
  const replyTo = textOrNull(content.reply_to);
  return words === '' && replyTo === null ? null : { text: words, replyTo, editing: textOrNull(content.editing) };
}
