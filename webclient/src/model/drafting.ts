/** Contents of what we send. */
import { type Json, object, texts } from './events';
import { mediaOf } from './media';

/** What was written: its plain form, its rich form where it has one, and who is meant. */
export interface Words {
  readonly body: string;
  readonly format?: 'org.matrix.custom.html';
  readonly formatted_body?: string;
  readonly 'm.mentions': { readonly user_ids?: readonly string[]; readonly room?: true };
}

export interface Written {
  readonly text: string;
  readonly html?: string | undefined;
  readonly mentions?: readonly string[] | undefined;
  readonly mentionsRoom?: boolean | undefined;
}

export interface ReplyTo {
  readonly eventId: string;
  readonly sender: string | null;
}

export function wordsOf(written: Written, alsoMentioned: string | null = null): Words {
  const users = [...new Set([...(written.mentions ?? []), ...(alsoMentioned === null ? [] : [alsoMentioned])])];
  return {
    body: written.text,
    ...(written.html === undefined ? {} : { format: 'org.matrix.custom.html', formatted_body: written.html }),
    'm.mentions': {
      ...(users.length > 0 ? { user_ids: users } : {}),
      ...(written.mentionsRoom === true ? { room: true } : {}),
    },
  };
}

/** A text message; `reply` also tells the one who is answered. Spec: Client-Server API, Rich replies. */
export function messageContent(written: Written, reply: ReplyTo | null, msgtype = 'm.text'): Json {
  return { msgtype, ...wordsOf(written, reply?.sender ?? null), ...replyRelation(reply) };
}

export function replyRelation(reply: ReplyTo | null): Json {
  return reply === null ? {} : { 'm.relates_to': { 'm.in_reply_to': { event_id: reply.eventId } } };
}

/** A replacement of `original`'s words; what else it holds (a file, say) stays. */
export function editContent(written: Written, target: string, original: Json): Json {
  const { 'm.relates_to': _relation, formatted_body: _rich, format: _format, ...rest } = original;
  const fresh = { ...rest, msgtype: original.msgtype ?? 'm.text', ...wordsOf(written) };
  // Only who is mentioned for the first time is told. Spec: Client-Server API, User and room mentions.
  const known = texts(object(original['m.mentions']).user_ids);
  const added = (written.mentions ?? []).filter((userId) => !known.includes(userId));
  return {
    ...fresh,
    body: `* ${written.text}`,
    ...(written.html === undefined ? {} : { formatted_body: `* ${written.html}` }),
    'm.mentions': added.length > 0 ? { user_ids: added } : {},
    'm.new_content': fresh,
    'm.relates_to': { rel_type: 'm.replace', event_id: target },
  };
}

export function reactionContent(target: string, key: string): Json {
  return { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } };
}

/** Where a forwarded message comes from; without a sender when the name is to be hidden. */
export interface ForwardOrigin {
  readonly sender: string | null;
  readonly name: string;
  readonly roomId: string;
  readonly eventId: string;
  readonly ts: number;
}

/** A copy of `content` for another room: no relation, nobody mentioned, the first author named unless hidden. */
export function forwardContent(content: Json, origin: ForwardOrigin | null): Json {
  const {
    'm.relates_to': _relation,
    'm.mentions': _mentions,
    'app.hearth.album': album,
    'app.hearth.forward': before,
    ...rest
  } = content;
  const source =
    before ??
    (origin === null
      ? undefined
      : { sender: origin.sender, name: origin.name, room: origin.roomId, event: origin.eventId, ts: origin.ts });
  return {
    ...rest,
    'm.mentions': {},
    ...(album === undefined ? {} : { 'app.hearth.album': album }),
    ...(origin === null || source === undefined ? {} : { 'app.hearth.forward': source }),
  };
}

/** A photo or file without the words below it. Spec: Client-Server API, Media captions. */
export function withoutCaption(type: string, content: Json): Json {
  const media = mediaOf(type, content);
  if (media === null || media.caption === '') {
    return content;
  }
  const { formatted_body: _rich, format: _format, filename, ...rest } = content;
  return { ...rest, body: filename };
}
