/** The words of a message as they were typed, marks and all: what the composer shows for an edit. */
import { type Json, text } from './events';
import { type Mention, marksOf } from './marks';
import { mediaOf } from './media';
import { bodyOf } from './relations';

/** What can be edited of an event's content: its words with marks, or a file's caption. */
export function sourceOf(type: string, content: Json): { text: string; mentions: readonly Mention[] } {
  const media = mediaOf(type, content);
  if (media !== null && media.caption === '') return { text: '', mentions: [] };
  const html = content.format === 'org.matrix.custom.html' ? text(content.formatted_body) : '';
  return html === '' ? { text: bodyOf(content), mentions: [] } : marksOf(html);
}

/** Whether the words of an own message can be changed: those of texts, and of files. */
export const isEditable = (type: string, content: Json): boolean =>
  type === 'm.room.message' && (content.msgtype === 'm.text' || mediaOf(type, content) !== null);
