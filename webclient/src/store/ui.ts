/** What only this page knows: where it is looking and what is being written. Plain signals; no engine, no DOM. */
import { batch, createSignal } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';
import type { Mention } from '../model/marks';
import { viewId } from '../model/view-ids';
import type { Draft, EventId, RoomId } from './contract';

/** A chat to look at and whether its information lies open beside it. */
export interface Route {
  readonly roomId: RoomId | null;
  readonly info: boolean;
  /** First message of the thread that lies over the chat. */
  readonly thread?: EventId;
}

const [route, setRouteSignal] = createSignal<Route>({ roomId: null, info: false }, { equals: sameRoute });

export { route, setRouteSignal as setRoute };

function sameRoute(one: Route, other: Route): boolean {
  return one.roomId === other.roomId && one.info === other.info && one.thread === other.thread;
}

/** What is being written in a chat. `original` is the text under edit, `kept` the draft that comes back after it. */
export interface Writing extends Draft {
  readonly original: string;
  readonly kept: string;
  /** Who the `@names` in the text stand for. */
  readonly mentions: readonly Mention[];
  /** The part of the answered message that is meant; '': all of it. */
  readonly quote: string;
}

const empty: Writing = { text: '', replyTo: null, editing: null, original: '', kept: '', mentions: [], quote: '' };
const [writings, setWritings] = createStore<Record<RoomId, Writing>>({});

export function writingIn(roomId: RoomId): Writing {
  return writings[roomId] ?? empty;
}

function change(roomId: RoomId, part: Partial<Writing>): void {
  setWritings(roomId, { ...writingIn(roomId), ...part });
}

export const write = (roomId: RoomId, text: string): void => change(roomId, { text });

/** Note who an `@name` in the text stands for. */
export const noteMention = (roomId: RoomId, mention: Mention): void =>
  change(roomId, { mentions: [...writingIn(roomId).mentions, mention] });

/** Begin an answer to an event, or to a part of its words; an edit under way ends. */
export function replyTo(roomId: RoomId, eventId: EventId, quote = ''): void {
  batch(() => {
    if (writingIn(roomId).editing) stopWriting(roomId);
    change(roomId, { replyTo: eventId, quote });
  });
}

/** Begin to change an own message; what was being written comes back afterwards. */
export function startEdit(roomId: RoomId, eventId: EventId, text: string, mentions: readonly Mention[] = []): void {
  const now = writingIn(roomId);
  const kept = now.editing ? now.kept : now.text;
  change(roomId, { editing: eventId, replyTo: null, text, original: text, kept, mentions });
}

/** End an edit or take back a reply; returns false when there was neither. */
export function stopWriting(roomId: RoomId): boolean {
  const now = writingIn(roomId);
  if (now.editing) change(roomId, { ...empty, text: now.kept });
  else if (now.replyTo) change(roomId, { replyTo: null, quote: '' });
  else return false;
  return true;
}

/** The reply was sent with something else than words. */
export const clearReply = (roomId: RoomId): void => change(roomId, { replyTo: null, quote: '' });

/** After a message was handed over: only the kept draft of an edit stays. */
export function clearWriting(roomId: RoomId): void {
  change(roomId, { ...empty, text: writingIn(roomId).kept });
}

/** Forget all that was being written: another person may sign in next. */
export const forgetWritings = (): void => setWritings(reconcile({}));

/** Whether anything was written in this chat since the page was loaded, or a draft was taken over. */
export const wasWritten = (roomId: RoomId): boolean => writings[roomId] !== undefined;

/** Take over a draft of another tab or device, unless something is being written here. */
export function takeDraft(roomId: RoomId, draft: Draft): void {
  if (!wasWritten(roomId)) setWritings(roomId, { ...empty, ...draft });
}

/** Shows an event in the open chat; set by its timeline while there is one. */
const [jump, setJump] = createSignal<(eventId: EventId) => Promise<void>>();

export { jump, setJump };

/** Look at a chat (null: at none), with or without its information beside it. */
export function goTo(roomId: RoomId | null, info = false): void {
  setRouteSignal({ roomId, info: roomId !== null && info });
}

/** Look at a chat in another tab of the browser. */
export function openInTab(roomId: RoomId): void {
  window.open(`#/${roomId}`, '_blank', 'noopener');
}

/** Look at a thread of a chat. */
export function openThread(roomId: RoomId, thread: EventId): void {
  setRouteSignal({ roomId, info: false, thread });
}

/** The thread of a chat that is looked at. */
export function threadNow(roomId: RoomId): EventId | undefined {
  return route().roomId === roomId ? route().thread : undefined;
}

/** What is looked at of a chat, by its name as a view; so is named what is being written there. */
export function viewNow(roomId: RoomId): string {
  return viewId(roomId, threadNow(roomId) ?? null);
}

/** How many messages this page has sent: the wallpaper turns by one station for each. */
const [turns, setTurns] = createSignal(0);

export { turns };
export const turnWallpaper = (): number => setTurns((count) => count + 1);
