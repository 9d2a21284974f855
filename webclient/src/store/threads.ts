/** Threads of a room, as lists and bars show them. Part of the contract. */
import type { EventId, EventPreview, RoomId, ThreadSummary } from './contract';

/** The first message of a thread, and what is in it. */
export interface ThreadInList extends EventPreview {
  readonly thread: ThreadSummary;
}

export interface ThreadPage {
  readonly entries: readonly ThreadInList[];
  readonly next: string | null;
}

/** Told of every answer of a thread, or of none but mentions. */
export type ThreadNotify = 'all' | 'none';

export interface ThreadCommands {
  /** `how` null: as in the chat itself. */
  setThreadNotify(roomId: RoomId, root: EventId, how: ThreadNotify | null): Promise<void>;
  /** Threads of a room, the one with the newest answer first; `from`: `next` of the page before. */
  threads(roomId: RoomId, from: string | null): Promise<ThreadPage>;
  /** The first message of the thread that an event belongs to; null for the main timeline. */
  threadRoot(roomId: RoomId, eventId: EventId): Promise<EventId | null>;
  /** Read a thread up to and with this answer. */
  markThreadRead(roomId: RoomId, root: EventId, eventId: EventId): Promise<void>;
}
