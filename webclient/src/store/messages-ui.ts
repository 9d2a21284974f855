/** What this page does with messages: picking several, passing them on, going to one in whatever chat it lies. */
import { createSignal } from 'solid-js';
import type { EventId, ItemKey, MessageRef, RoomId, TimelineItem, UserId } from './contract';
import { goTo, jump, route } from './ui';

// ---------------------------------------------------------------- going to an event

const [target, setTarget] = createSignal<MessageRef>();

/** The event that the timeline of its chat shows once it is open; taken away by it. */
export { setTarget, target };

/** Show an event, in whatever chat it is. */
export function goToEvent(roomId: RoomId, eventId: EventId): void {
  if (route().roomId === roomId && jump()) {
    void jump()?.(eventId);
    return;
  }
  setTarget({ roomId, eventId });
  goTo(roomId);
}

/** The chat that was opened for the first message in it that mentions me; taken away once that is shown. */
const [mentionWanted, setMentionWanted] = createSignal<RoomId>();

export { mentionWanted, setMentionWanted };

// ---------------------------------------------------------------- reading along

/** The chat whose newest messages are in sight as they come. */
const [followed, setFollowed] = createSignal<RoomId>();

export { followed, setFollowed };

// ---------------------------------------------------------------- picking several

const [picked, setPicked] = createSignal<readonly ItemKey[]>([]);

/** Rows that are picked in the open chat, in the order of picking; empty: not picking. */
export { picked, setPicked };

export const isPicking = (): boolean => picked().length > 0;

export function togglePicked(key: ItemKey): void {
  setPicked((all) => (all.includes(key) ? all.filter((one) => one !== key) : [...all, key]));
}

/** End the picking; false when there was none. */
export function stopPicking(): boolean {
  const was = isPicking();
  setPicked([]);
  return was;
}

// ---------------------------------------------------------------- passing on, people

const [forwarding, setForwarding] = createSignal<readonly MessageRef[]>();

/** Messages for which chats are being chosen; undefined: none. */
export { forwarding, setForwarding };

const [person, setPerson] = createSignal<UserId>();

/** The person (or address of a room) whose card was asked for. */
export { person, setPerson };

export const openPerson = (id: string): void => {
  setPerson(id);
};

/** Asks how to delete messages of the open chat; set by its timeline while there is one. */
const [askToDelete, setAskToDelete] = createSignal<(items: readonly TimelineItem[]) => void>();

export { askToDelete, setAskToDelete };

/** A message of somebody else that is to be reported; without one, its group. */
export interface Reporting {
  readonly roomId: RoomId;
  readonly eventId: EventId | null;
  readonly sender: UserId | null;
}

const [reporting, setReporting] = createSignal<Reporting>();

export { reporting, setReporting };

/** Which files are being made ready for sending, and to which chat. */
export interface Attaching {
  readonly roomId: RoomId;
  readonly files: readonly File[];
  readonly asFiles: boolean;
}

const [attaching, setAttaching] = createSignal<Attaching>();

export { attaching, setAttaching };

/** A message of which one wants to know who has read it, or who answered it with which sign. */
export interface Told extends MessageRef {
  readonly of: 'readers' | 'reactions';
}

const [told, setTold] = createSignal<Told>();

export { setTold, told };
