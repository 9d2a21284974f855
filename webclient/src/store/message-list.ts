/** Which list of messages lies over the page: pinned ones of a chat, starred ones, or wordings of one. */
import { createSignal } from 'solid-js';
import type { EventId, RoomId } from './contract';

export type MessageList =
  | { readonly kind: 'pins'; readonly roomId: RoomId }
  | { readonly kind: 'threads'; readonly roomId: RoomId }
  /** Of one chat, or of all. */
  | { readonly kind: 'stars'; readonly roomId: RoomId | null }
  /** How a message was worded before. */
  | { readonly kind: 'wordings'; readonly roomId: RoomId; readonly eventId: EventId };

const [messageList, setMessageList] = createSignal<MessageList>();

export { messageList, setMessageList };
