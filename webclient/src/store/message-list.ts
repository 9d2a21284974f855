/** Which list of messages lies over the page: pinned ones of a chat, or starred ones. */
import { createSignal } from 'solid-js';
import type { RoomId } from './contract';

export type MessageList =
  | { readonly kind: 'pins'; readonly roomId: RoomId }
  /** Of one chat, or of all. */
  | { readonly kind: 'stars'; readonly roomId: RoomId | null };

const [messageList, setMessageList] = createSignal<MessageList>();

export { messageList, setMessageList };
