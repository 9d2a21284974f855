/** A message of mine as it stands in the page from the moment it is sent: the engine tells of the same row a little later. */

import { messageContent } from '../model/drafting';
import { bundle } from '../model/link-previews';
import { mediaOf } from '../model/media';
import { previewBody } from '../model/preview';
import { localKey } from '../model/transactions';
import { viewId } from '../model/view-ids';
import type { MessageDraft, MirrorState, ReplyTarget, RoomId, TimelineItem } from './contract';
import { me, nameOf } from './people';

/** The row of a text that goes out under the transaction id `txnId`; `now` in ms. */
export function echoOf(
  state: MirrorState,
  roomId: RoomId,
  draft: MessageDraft,
  { txnId, now }: { readonly txnId: string; readonly now: number },
): TimelineItem {
  const link = draft.link === undefined ? {} : bundle(draft.link);
  return {
    key: localKey(txnId),
    eventId: null,
    sender: me(state),
    ts: now,
    kind: 'message',
    type: 'm.room.message',
    content: { ...messageContent(draft, null, draft.as === 'emote' ? 'm.emote' : 'm.text'), ...link },
    service: null,
    edited: false,
    redactedBy: null,
    reply: draft.replyTo ? replyOf(state, roomId, draft) : null,
    reactions: [],
    delivery: 'sending',
    error: null,
    changing: false,
    starred: false,
    heard: true,
    upload: null,
    poll: null,
    thread: null,
  };
}

function replyOf(state: MirrorState, roomId: RoomId, draft: MessageDraft): ReplyTarget {
  const eventId = draft.replyTo ?? '';
  const { events = {} } = state.timelines[viewId(roomId, draft.thread ?? null)] ?? {};
  const item = Object.values(events).find((one) => one.eventId === eventId);
  if (!item) {
    return { eventId, quoted: null };
  }
  const media = item.kind === 'message' ? mediaOf(item.type, item.content) : null;
  return {
    eventId,
    ...(draft.quote ? { part: draft.quote } : {}),
    quoted: {
      sender: item.sender,
      senderName: nameOf(state, roomId, item.sender),
      body: previewBody(item.kind, item.type, item.content, item.service),
      thumbnail: media?.thumbnail ?? (media?.kind === 'image' ? media.mxc : null),
    },
  };
}
