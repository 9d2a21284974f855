/** What the media viewer shows; opened from a bubble, drawn once over the page. */
import { createSignal } from 'solid-js';
import type { ItemKey, RoomId } from './contract';

export interface Viewing {
  readonly roomId: RoomId;
  readonly key: ItemKey;
  /** Where the picture lies in the window: it flies out of there. */
  readonly from: DOMRect | null;
}

const [viewing, setViewing] = createSignal<Viewing>();

export { setViewing, viewing };
