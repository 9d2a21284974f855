/** Polls as pages show them. Part of the contract. */
import type { EventId, ItemKey, RoomId, UserId } from './contract';

export interface PollChoice {
  readonly id: string;
  readonly text: string;
  readonly voters: readonly UserId[];
  /** I chose it, or my choice is on its way. */
  readonly mine: boolean;
}

export interface Poll {
  readonly question: string;
  readonly choices: readonly PollChoice[];
  /** So many may be chosen at most. */
  readonly most: number;
  /** How others voted shows only when it is over. */
  readonly hidden: boolean;
  /** How many people voted. */
  readonly people: number;
  readonly ended: boolean;
  /** I may end it. */
  readonly mayEnd: boolean;
}

export interface PollDraft {
  readonly question: string;
  readonly answers: readonly string[];
  readonly most: number;
  readonly hidden: boolean;
}

export interface PollCommands {
  createPoll(roomId: RoomId, poll: PollDraft): Promise<ItemKey>;
  /** Chooses these answers instead of what I chose before; none takes the vote back. */
  vote(roomId: RoomId, eventId: EventId, answers: readonly string[]): Promise<void>;
  /** `said`: what it says where polls are not known. */
  endPoll(roomId: RoomId, eventId: EventId, said: string): Promise<void>;
}
