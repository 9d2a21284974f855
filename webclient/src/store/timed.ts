/** What has to do with time: messages that are sent later, going to a date, how far a join is. Part of the contract. */
import type { MessageDraft } from './commands';
import type { EventId, PreviewBody, RoomId } from './contract';

/** A message of mine that waits on the server for its time. */
export interface Scheduled {
  readonly id: string;
  readonly roomId: RoomId;
  readonly body: PreviewBody;
  /** When it is sent, ms. */
  readonly at: number;
}

/** How far the server is that joins a large room; null where the other server has not said how large it is. */
export interface JoinProgress {
  readonly done: number;
  readonly total: number | null;
}

export interface TimedCommands {
  /** Has the server send a message at a time, ms. Rejects `ENCRYPTED_ROOM`. */
  scheduleMessage(roomId: RoomId, draft: MessageDraft, at: number): Promise<void>;
  /** What waits, in all rooms, the next first. */
  scheduled(): Promise<readonly Scheduled[]>;
  /** Gives a waiting message another time; rejects `M_NOT_FOUND` when it was sent already. */
  reschedule(id: string, at: number): Promise<void>;
  sendScheduled(id: string): Promise<void>;
  cancelScheduled(id: string): Promise<void>;
  /** The first message at or after a time, else the last one before it; `M_NOT_FOUND` where there is none. */
  eventAt(roomId: RoomId, ts: number): Promise<EventId>;
  /** null: all of the room is here. */
  joinProgress(roomId: RoomId): Promise<JoinProgress | null>;
}
