/** What is done with messages beyond writing them: files, forwards, stars, pins, hiding, my own notes. */
import {
  type ForwardOrigin,
  forwardContent,
  messageContent,
  type ReplyTo,
  replyRelation,
  withoutCaption,
  wordsOf,
} from '../model/drafting';
import { asEvent, asEvents, type Json, type MatrixEvent, SILENT } from '../model/events';
import { type PackImage, stickerContent } from '../model/image-packs';
import { bundle } from '../model/link-previews';
import { mediaOf } from '../model/media';
import { fileContent, type OutgoingFile } from '../model/outgoing';
import { previewBody } from '../model/preview';
import { bodyOf, editedContent, isValidEdit, quoteContent } from '../model/relations';
import type { EventPreview, FilesDraft, ForwardDraft, MessageDraft } from '../store/contract';
import { failure, path } from './api/http';
import type { Core } from './core';
import { keepRoomData } from './own';
import type { People } from './people';
import { type Attachment, localKey } from './send/ops';
import type { SendQueue } from './send/queue';
import { Changes } from './sync/changes';
import { CLEARED, clearedUpTo } from './sync/cleared';
import { setAccountData, setRoomAccountData } from './sync/extensions';
import { kindOf } from './sync/items';
import { nameIn } from './sync/members';
import { HEARD, HIDDEN, heardIn, hiddenIn, SAVED, STARS, savedRoom, starsOf } from './sync/own-data';

/** So many stars, and so many hidden messages of a room, are kept; the oldest go first. */
const KEPT_MOST = 1000;

interface Parts extends Core {
  readonly queue: SendQueue;
  readonly people: People;
}

export class Messages {
  constructor(private readonly parts: Parts) {}

  /** One message for each file, in order; the caption goes with the first one. */
  async sendFiles(roomId: string, draft: FilesDraft): Promise<void> {
    const { files } = draft;
    const inAlbum = draft.asAlbum && files.length > 1;
    const id = inAlbum ? crypto.randomUUID() : '';
    for (const [index, file] of files.entries()) {
      const reply = index === 0 ? this.replyTo(roomId, draft.replyTo) : null;
      const told = index === 0 ? draft.caption : undefined;
      const words = told === undefined && reply === null ? null : wordsOf(told ?? { text: file.name }, reply?.sender);
      const album = inAlbum ? { id, index, count: files.length } : null;
      const relation = this.relation(roomId, draft.thread, reply);
      const { attachments, blobs } = attachmentsOf(file);
      const content = { ...fileContent(file, words, album), ...relation };
      await this.parts.queue.add(
        { roomId, kind: 'message', target: null, type: 'm.room.message', content, attachments },
        blobs,
      );
    }
  }

  async sendText(roomId: string, draft: MessageDraft): Promise<string> {
    const content = this.textContent(roomId, draft);
    const message = { roomId, kind: 'message', target: null, type: 'm.room.message', content } as const;
    const op = await this.parts.queue.add({ ...message, txnId: draft.txnId });
    return localKey(op.txnId);
  }

  /** The content of what was written. */
  textContent(roomId: string, draft: MessageDraft): Json {
    const msgtype = draft.as === 'emote' ? 'm.emote' : 'm.text';
    const link = draft.link === undefined ? {} : bundle(draft.link);
    const reply = this.replyTo(roomId, draft.replyTo);
    const relation = this.relation(roomId, draft.thread, reply);
    const silent = draft.silent === true ? { [SILENT]: true } : {};
    const answered = this.parts.account.timelines.get(roomId)?.event(draft.replyTo ?? '');
    const quote = quoteContent(draft.quote ?? '', bodyOf(this.shownContent(roomId, answered)));
    return { ...messageContent(draft, reply, msgtype), ...link, ...relation, ...silent, ...quote };
  }

  private shownContent(roomId: string, event: MatrixEvent | undefined): Json {
    const timeline = this.parts.account.timelines.get(roomId);
    return event === undefined || timeline === undefined ? {} : timeline.contentOf(event);
  }

  async sendSticker(
    roomId: string,
    image: PackImage,
    to: { replyTo?: string | undefined; thread?: string | undefined },
  ) {
    const relation = this.relation(roomId, to.thread, this.replyTo(roomId, to.replyTo));
    const content = { ...stickerContent(image), ...relation };
    const op = await this.parts.queue.add({ roomId, kind: 'message', target: null, type: 'm.sticker', content });
    return localKey(op.txnId);
  }

  /** Copies messages into other rooms, oldest first, after a comment if there is one. Rejects `ENCRYPTED_ROOM`. */
  async forward(draft: ForwardDraft): Promise<void> {
    const events = await Promise.all(draft.messages.map((ref) => this.event(ref.roomId, ref.eventId)));
    for (const roomId of draft.to) {
      if (this.parts.account.encrypted.has(roomId)) {
        throw failure('ENCRYPTED_ROOM', 'this client cannot encrypt yet; nothing is sent in plain text');
      }
    }
    for (const roomId of draft.to) {
      if (draft.comment !== undefined) {
        await this.sendText(roomId, draft.comment);
      }
      for (const [index, event] of events.entries()) {
        const from = draft.messages[index]?.roomId ?? '';
        const content = forwardContent(
          draft.hideCaptions === true
            ? withoutCaption(event.type, await this.content(from, event))
            : await this.content(from, event),
          draft.hideSender ? null : this.origin(from, event),
        );
        await this.parts.queue.add({ roomId, kind: 'message', target: null, type: event.type, content });
      }
    }
  }

  /** Short forms of events of a room, in the order asked for; what cannot be had is left out. */
  async previews(roomId: string, eventIds: readonly string[]): Promise<EventPreview[]> {
    const found = await Promise.allSettled(eventIds.map((eventId) => this.event(roomId, eventId)));
    const timeline = await this.parts.timeline(roomId);
    return found.flatMap((one): EventPreview[] => {
      const event = one.status === 'fulfilled' ? (timeline.event(one.value.event_id) ?? one.value) : null;
      const kind = event === null ? null : kindOf(event);
      if (event === null || kind === null || kind === 'redacted') {
        return [];
      }
      const content = timeline.contentOf(event);
      const media = mediaOf(event.type, content);
      return [
        {
          roomId,
          eventId: event.event_id,
          sender: event.sender,
          senderName: nameIn(this.parts.account, roomId, event.sender),
          ts: event.origin_server_ts,
          body: previewBody(kind, event.type, content, null),
          thumbnail: media?.thumbnail ?? (media?.kind === 'image' ? media.mxc : null),
        },
      ];
    });
  }

  async wordings(roomId: string, eventId: string): Promise<EventPreview[]> {
    const original = await this.event(roomId, eventId);
    const request = {
      method: 'GET' as const,
      path: `${path`/_matrix/client/v1/rooms/${roomId}/relations/${eventId}`}/m.replace`,
      query: { limit: 50 },
    };
    const answer = await this.parts.http(request);
    const edits = asEvents(answer.chunk).filter((edit) => isValidEdit(original, edit));
    const line = (event: MatrixEvent, content: Json): EventPreview => ({
      roomId,
      eventId: event.event_id,
      sender: event.sender,
      senderName: nameIn(this.parts.account, roomId, event.sender),
      ts: event.origin_server_ts,
      body: previewBody('message', event.type, content, null),
      thumbnail: null,
    });
    return [...edits.map((edit) => line(edit, editedContent(original, edit))), line(original, original.content)];
  }

  async setStar(roomId: string, eventId: string, starred: boolean): Promise<void> {
    const { account } = this.parts;
    const others = starsOf(account).list.filter((star) => star.eventId !== eventId);
    const stars = starred ? [{ roomId, eventId, ts: Date.now() }, ...others].slice(0, KEPT_MOST) : others;
    const content = { stars: stars.map((star) => ({ room: star.roomId, event: star.eventId, ts: star.ts })) };
    const changes = new Changes();
    setAccountData(account, STARS, content, changes);
    changes.event(roomId, eventId);
    await this.parts.commit(changes);
    await this.parts.request('account_data', { user_id: account.me, type: STARS, content });
  }

  /** Starred messages, of one room or of all, the newest star first. */
  async starred(roomId: string | null): Promise<EventPreview[]> {
    const stars = starsOf(this.parts.account).list.filter((star) => roomId === null || star.roomId === roomId);
    const found = await Promise.all(stars.slice(0, 100).map((star) => this.previews(star.roomId, [star.eventId])));
    return found.flat();
  }

  /** Takes messages out of my own sight, on all my devices; the others keep them. */
  async hide(roomId: string, eventIds: readonly string[]): Promise<void> {
    await this.note(roomId, HIDDEN, [...hiddenIn(this.parts.account, roomId)], eventIds);
  }

  /** Takes all that happened so far in a chat out of my own sight. */
  async clear(roomId: string): Promise<void> {
    const timeline = await this.parts.timeline(roomId);
    const last = timeline.event(timeline.live?.ids.at(-1) ?? '');
    if (last !== undefined) {
      await keepRoomData(this.parts, roomId, CLEARED, clearedUpTo(last));
    }
  }

  async markHeard(roomId: string, eventId: string): Promise<void> {
    const before = heardIn(this.parts.account, roomId);
    if (!before.has(eventId)) {
      await this.note(roomId, HEARD, [...before], [eventId]);
    }
  }

  /** Adds events to a list of mine of the room. */
  private async note(roomId: string, type: string, before: readonly string[], added: readonly string[]): Promise<void> {
    const { account } = this.parts;
    const content = { ids: [...before.filter((id) => !added.includes(id)), ...added].slice(-KEPT_MOST) };
    const changes = new Changes();
    setRoomAccountData(account, roomId, type, content, changes);
    await this.parts.commit(changes);
    await this.parts.request('account_data', { user_id: account.me, room_id: roomId, type, content });
  }

  /** The room of my own notes; made when it is asked for the first time. */
  async openSaved(): Promise<string> {
    const { account } = this.parts;
    const known = savedRoom(account);
    if (known !== null && account.rooms.get(known)?.membership === 'join') {
      return known;
    }
    const roomId = await this.parts.people.createNotes();
    const content = { room_id: roomId };
    const changes = new Changes();
    setAccountData(account, SAVED, content, changes);
    changes.rooms.add(roomId);
    await this.parts.commit(changes);
    await this.parts.request('account_data', { user_id: account.me, type: SAVED, content });
    return roomId;
  }

  /** How a message is tied to the one it answers, and to its thread. Spec: Client-Server API, Threading. */
  private relation(roomId: string, root: string | undefined, reply: ReplyTo | null): Json {
    if (root === undefined) {
      return replyRelation(reply);
    }
    const timeline = this.parts.account.timelines.get(roomId);
    const last = timeline?.threads.shown(root, (id) => timeline.event(id)).at(-1) ?? root;
    const thread = { rel_type: 'm.thread', event_id: root, is_falling_back: reply === null };
    return { 'm.relates_to': { ...thread, 'm.in_reply_to': { event_id: reply?.eventId ?? last } } };
  }

  private replyTo(roomId: string, eventId: string | undefined): ReplyTo | null {
    const known = eventId === undefined ? undefined : this.parts.account.timelines.get(roomId)?.event(eventId);
    return eventId === undefined ? null : { eventId, sender: known?.sender ?? null };
  }

  private async event(roomId: string, eventId: string): Promise<MatrixEvent> {
    const timeline = await this.parts.timeline(roomId);
    const known = timeline.event(eventId);
    if (known !== undefined) {
      return known;
    }
    const event = asEvent(await this.parts.request('event', { room_id: roomId, event_id: eventId }));
    if (event === null) {
      throw failure('BAD_ANSWER', 'no event in the answer');
    }
    timeline.keep(event);
    return event;
  }

  private async content(roomId: string, event: MatrixEvent): Promise<Json> {
    if (kindOf(event) !== 'message') {
      throw failure('M_INVALID_PARAM', 'this message cannot be forwarded');
    }
    return (await this.parts.timeline(roomId)).contentOf(event);
  }

  private origin(roomId: string, event: MatrixEvent): ForwardOrigin {
    return {
      sender: event.sender,
      name: nameIn(this.parts.account, roomId, event.sender),
      roomId,
      eventId: event.event_id,
      ts: event.origin_server_ts,
    };
  }
}

function attachmentsOf(file: OutgoingFile): { attachments: Attachment[]; blobs: Map<string, Blob> } {
  const blobs = new Map<string, Blob>();
  const attach = (blob: Blob, into: Attachment['into'], name: string): Attachment => {
    const key = crypto.randomUUID();
    blobs.set(key, blob);
    return { blob: key, into, name, size: blob.size, mxc: null };
  };
  const thumbnail = file.thumbnail === null ? [] : [attach(file.thumbnail.blob, 'thumbnail_url', '')];
  return { attachments: [...thumbnail, attach(file.blob, 'url', file.name)], blobs };
}
