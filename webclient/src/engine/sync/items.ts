/** Rows of a timeline as pages show them: server events with local ops applied. */

import { type Json, type MatrixEvent, text } from '../../model/events';
import { mediaOf } from '../../model/media';
import { isPollStart, pollOf } from '../../model/polls';
import { previewBody } from '../../model/preview';
import { bodyOf, isRedacted, quotedPart, redactedBy, relationOf, replyTarget, threadRoot } from '../../model/relations';
import { serviceLine } from '../../model/service';
import type {
  Delivery,
  Reaction,
  Reader,
  ReplyTarget,
  ThreadSummary,
  TimelineItem,
  Upload,
} from '../../store/contract';
import { localKey, type Op } from '../send/ops';
import type { Account } from './account';
import { answerersOf } from './answers';
import type { Fragment } from './fragments';
import { nameIn } from './members';
import { heardIn, hiddenIn, starsOf } from './own-data';
import { pollView } from './poll-view';
import type { RoomTimeline } from './timeline';

const MESSAGES = new Set(['m.room.message', 'm.sticker']);

type Kind = TimelineItem['kind'] | null;

/** Events never change (a redaction makes a new one), and a timeline asks for the kinds of all of them all the time. */
const kinds = new WeakMap<MatrixEvent, { readonly kind: Kind }>();

/** Kind of row; null for what makes no row of its own. */
export function kindOf(event: MatrixEvent): Kind {
  const known = kinds.get(event) ?? { kind: findKind(event) };
  kinds.set(event, known);
  return known.kind;
}

function findKind(event: MatrixEvent): Kind {
  if (event.state_key !== undefined) {
    return serviceLine(event, (userId) => userId) === null ? null : 'service';
  }
  if (relationOf(event) !== null) {
    return null;
  }
  if (isRedacted(event)) {
    const shown = MESSAGES.has(event.type) || isPollStart(event.type) || event.type === 'm.room.encrypted';
    return shown ? 'redacted' : null;
  }
  if (event.type === 'm.room.encrypted') {
    return 'encrypted';
  }
  if (event.type === 'm.room.message') {
    return text(event.content.msgtype) === '' ? 'unknown' : 'message';
  }
  if (isPollStart(event.type)) {
    return pollOf(event.type, event.content) === null ? 'unknown' : 'message';
  }
  return MESSAGES.has(event.type) ? 'message' : null;
}

/** Ids of all rows of a run, oldest first, with what is still on its way at the end of the live one. */
export function itemKeys(account: Account, timeline: RoomTimeline, fragment: Fragment | null): string[] {
  const { threads } = timeline;
  const hidden = hiddenIn(account, timeline.roomId);
  const keys = (fragment?.ids ?? []).flatMap((id) => {
    const event = timeline.event(id);
    const isHere = event !== undefined && kindOf(event) !== null && !hidden.has(id) && threads.rootOf(id) === null;
    return isHere ? account.keyOf(event) : [];
  });
  return fragment !== null && !fragment.live ? keys : withPending(account, timeline.roomId, null, keys);
}

/** Ids of all rows of a thread: its first message, then the answers. */
export function threadKeys(account: Account, timeline: RoomTimeline, root: string): string[] {
  const hidden = hiddenIn(account, timeline.roomId);
  const answers = timeline.threads.shown(root, (id) => timeline.event(id));
  const keys = [root, ...answers].flatMap((id) => {
    const event = timeline.event(id);
    return event !== undefined && kindOf(event) !== null && !hidden.has(id) ? account.keyOf(event) : [];
  });
  return withPending(account, timeline.roomId, root, keys);
}

/** Rows, and those of the messages on their way to the same thread (null: the main timeline). */
function withPending(account: Account, roomId: string, root: string | null, keys: readonly string[]): string[] {
  const shown = new Set(keys);
  const pending = account.opsOf(roomId).filter((op) => op.kind === 'message' && threadRoot(op.content) === root);
  return [...keys, ...pending.map((op) => localKey(op.txnId)).filter((key) => !shown.has(key))];
}

export function eventItem(account: Account, timeline: RoomTimeline, event: MatrixEvent): TimelineItem | null {
  const kind = kindOf(event);
  if (kind === null) {
    return null;
  }
  const nameOf = (userId: string) => nameIn(account, timeline.roomId, userId);
  const ops = account.opsOf(timeline.roomId).filter((op) => op.target === event.event_id);
  const edit = ops.findLast((op) => op.kind === 'edit');
  const failed = ops.find((op) => op.state === 'failed');
  const content = kind === 'redacted' ? {} : pendingContent(timeline.contentOf(event), edit);
  return {
    key: account.keyOf(event),
    eventId: event.event_id,
    sender: event.sender,
    ts: event.origin_server_ts,
    kind,
    type: event.type,
    content,
    service: kind === 'service' ? serviceLine(event, nameOf) : null,
    edited: kind === 'message' && (edit !== undefined || timeline.editOf(event) !== null),
    ...editedAt(timeline, event, kind),
    redactedBy: redactedBy(event),
    reply: kind === 'message' ? replyOf(account, timeline, content) : null,
    reactions: kind === 'redacted' ? [] : reactionsOf(account, timeline, event.event_id, ops),
    delivery: event.sender === account.me && kind !== 'service' ? deliveryOf(account, timeline, event.event_id) : null,
    error: failed?.error ?? null,
    changing: ops.some((op) => op.kind !== 'reaction' && op.kind !== 'vote' && op.state !== 'failed'),
    starred: starsOf(account).ids.has(event.event_id),
    heard: heardIn(account, timeline.roomId).has(event.event_id),
    upload: null,
    thread: kind === 'service' ? null : threadOf(account, timeline, event),
    poll: kind === 'message' ? pollView(account, timeline, event, { content, ops }) : null,
  };
}

/** When a message was last changed, by its sender's server. */
function editedAt(timeline: RoomTimeline, event: MatrixEvent, kind: string): Pick<TimelineItem, 'editedTs'> {
  const edit = kind === 'message' ? timeline.editOf(event) : null;
  return edit === null ? {} : { editedTs: edit.origin_server_ts };
}

/** A message that has not come back yet. */
export function opItem(account: Account, timeline: RoomTimeline, op: Op): TimelineItem {
  const delivery: Delivery = op.state === 'failed' ? 'failed' : op.state === 'sent' ? 'sent' : 'sending';
  return {
    key: localKey(op.txnId),
    eventId: op.eventId,
    sender: account.me,
    ts: op.ts,
    kind: 'message',
    type: op.type,
    content: op.content,
    service: null,
    edited: false,
    redactedBy: null,
    reply: replyOf(account, timeline, op.content),
    reactions: [],
    delivery,
    error: op.error,
    changing: false,
    starred: false,
    heard: true,
    upload: uploadOf(account, op),
    thread: null,
    poll: pollView(account, timeline, opEvent(account, op), { content: op.content, ops: [] }),
  };
}

const FACES = 3;

/** The thread that begins with a message, if one does. */
export function threadOf(account: Account, timeline: RoomTimeline, event: MatrixEvent): ThreadSummary | null {
  const { threads, roomId } = timeline;
  const find = (id: string) => timeline.event(id);
  const told = threads.rootOf(event.event_id) === null ? threads.summary(event.event_id, find) : null;
  if (told === null) {
    return null;
  }
  const { latest } = told;
  const known = threads.shown(event.event_id, find).flatMap((id) => find(id)?.sender ?? []);
  const kind = kindOf(latest) ?? 'unknown';
  return {
    count: told.count,
    unread: account.rooms.get(roomId)?.threadCounts?.[event.event_id] ?? 0,
    latestTs: latest.origin_server_ts,
    latestName: nameIn(account, roomId, latest.sender),
    latestBody: previewBody(kind, latest.type, timeline.contentOf(latest), null),
    people: [...new Set([latest.sender, ...known.toReversed()])].slice(0, FACES),
  };
}

/** A message on its way as the event that it is to become. */
function opEvent(account: Account, op: Op): MatrixEvent {
  return {
    type: op.type,
    event_id: op.eventId ?? localKey(op.txnId),
    sender: account.me,
    origin_server_ts: op.ts,
    content: op.content,
  };
}

function uploadOf(account: Account, op: Op): Upload | null {
  const attachments = op.attachments ?? [];
  const file = attachments.find((attachment) => attachment.into === 'url');
  if (file === undefined) {
    return null;
  }
  const done = attachments.filter((attachment) => attachment.mxc !== null);
  const before = done.reduce((sum, attachment) => sum + attachment.size, 0);
  return {
    file: file.blob,
    thumbnail: attachments.find((attachment) => attachment.into === 'thumbnail_url')?.blob ?? null,
    sentBytes: Math.max(before, account.uploaded.get(op.txnId) ?? 0),
    totalBytes: attachments.reduce((sum, attachment) => sum + attachment.size, 0),
    done: done.length === attachments.length,
  };
}

function pendingContent(content: Json, edit: Op | undefined): Json {
  if (edit === undefined) {
    return content;
  }
  const relation = content['m.relates_to'];
  const fresh = edit.content['m.new_content'] as Json;
  return relation === undefined ? fresh : { ...fresh, 'm.relates_to': relation };
}

function replyOf(account: Account, timeline: RoomTimeline, content: Json): ReplyTarget | null {
  const target = replyTarget(content);
  if (target === null) {
    return null;
  }
  const quoted = timeline.event(target);
  const kind = quoted === undefined ? null : kindOf(quoted);
  if (quoted === undefined || kind === null) {
    return { eventId: target, quoted: null };
  }
  const senderName = nameIn(account, timeline.roomId, quoted.sender);
  const shown = timeline.contentOf(quoted);
  const body = previewBody(kind, quoted.type, shown, null);
  const media = kind === 'message' ? mediaOf(quoted.type, shown) : null;
  const thumbnail = media?.thumbnail ?? (media?.kind === 'image' ? media.mxc : null);
  const part = kind === 'message' ? quotedPart(content, bodyOf(shown)) : '';
  return {
    eventId: target,
    ...(part === '' ? {} : { part }),
    quoted: { sender: quoted.sender, senderName, body, thumbnail },
  };
}

/** Reactions by key, the most used first, with my own that are on their way. */
function reactionsOf(account: Account, timeline: RoomTimeline, id: string, ops: readonly Op[]): Reaction[] {
  const senders = new Map<string, Set<string>>();
  const add = (key: string, sender: string) => senders.set(key, (senders.get(key) ?? new Set()).add(sender));
  const withdrawn = new Set(
    account.opsOf(timeline.roomId).flatMap((op) => (op.kind === 'redaction' ? [op.target] : [])),
  );
  for (const [eventId, reaction] of timeline.reactionsTo(id)) {
    if (!withdrawn.has(eventId)) {
      add(reaction.key, reaction.sender);
    }
  }
  for (const op of ops) {
    if (op.kind === 'reaction' && op.state !== 'failed') {
      add(text((op.content['m.relates_to'] as Json).key), account.me);
    }
  }
  return [...senders]
    .map(([key, who]) => ({ key, count: who.size, senders: [...who], mine: who.has(account.me) }))
    .sort((a, b) => b.count - a.count);
}

/** Ticks of my own event: two as soon as somebody else has read it. */
export function deliveryOf(account: Account, timeline: RoomTimeline, eventId: string): Delivery {
  return readersOf(account, timeline, eventId).length > 0 ? 'read' : 'sent';
}

/** Others whose receipt is at an event or after it, or who answered it. */
export function readersOf(account: Account, timeline: RoomTimeline, eventId: string): string[] {
  const root = timeline.threads.rootOf(eventId);
  if (root !== null) {
    const ids = timeline.threads.shown(root, (id) => timeline.event(id));
    const reads = Object.entries(account.rooms.get(timeline.roomId)?.threadReaders?.[root] ?? {});
    return reads.filter(([, id]) => ids.indexOf(id) >= ids.indexOf(eventId)).map(([userId]) => userId);
  }
  const own = timeline.fragmentOf(eventId);
  const place = own?.ids.indexOf(eventId) ?? 0;
  const readers = Object.entries(account.rooms.get(timeline.roomId)?.readers ?? {});
  const there = readers.filter(([, reader]) => {
    if (own?.ids.includes(reader.eventId) === true) {
      return own.ids.indexOf(reader.eventId) >= place;
    }
    return own?.live !== true && timeline.live?.ids.includes(reader.eventId) === true;
  });
  const wrote = own === null ? [] : answerersOf(timeline, own, place);
  return [...new Set([...there.map(([userId]) => userId), ...wrote])].filter((userId) => userId !== account.me);
}

/** Who has read an event, who did so last first; a time is known of those whose receipt says it. */
export function seenOf(account: Account, timeline: RoomTimeline, eventId: string): Reader[] {
  const receipts = account.rooms.get(timeline.roomId)?.readers ?? {};
  return readersOf(account, timeline, eventId)
    .map((userId) => ({ userId, ts: receipts[userId]?.ts ?? null }))
    .sort((one, other) => (other.ts ?? 0) - (one.ts ?? 0));
}
