/** Looking for people, groups and messages. Part of the contract. */
import type { PagePreview } from '../model/link-previews';
import type { EventPreview, Profile, RoomId, UserId } from './contract';
import type { Page } from './groups';

export interface PublicRoom {
  readonly roomId: RoomId;
  readonly alias: string;
  readonly name: string;
  readonly topic: string;
  readonly avatar: string | null;
  readonly members: number;
  readonly access: 'public' | 'knock' | 'private';
  readonly isSpace: boolean;
  readonly worldReadable: boolean;
}

/** A room in the tree of a space. */
export interface SpaceRoom extends PublicRoom {
  /** How one comes in: by oneself, by asking, or only by an invitation. */
  readonly way: 'join' | 'ask' | 'none';
  /** Of a space: what is in it, in its order, with servers that know it. */
  readonly children: readonly { readonly id: RoomId; readonly via: readonly string[] }[];
}

export interface MessageSearch {
  readonly words: string;
  readonly roomId: RoomId | null;
  readonly sender: UserId | null;
  readonly kind: 'all' | 'media' | 'files' | 'links' | 'voice';
  /** The time it lies in, ms, with both ends; null: no end. */
  readonly since: number | null;
  readonly until: number | null;
  /** The server itself chooses by time and kind: `app.hearth.search`. */
  readonly exact: boolean;
  readonly next: string | null;
}

export interface Found extends EventPreview {
  /** Words to be marked. */
  readonly marks: readonly string[];
}

export interface FoundPage extends Page<Found> {
  readonly count: number | null;
  readonly marks: readonly string[];
}

export interface FindingCommands {
  searchPeople(words: string): Promise<readonly Profile[]>;
  /** Groups in the public list of a server (null: our own). */
  publicRooms(server: string | null, words: string, from: string | null): Promise<Page<PublicRoom>>;
  searchMessages(query: MessageSearch): Promise<FoundPage>;
  /** What can be known of a room before joining it. Rejects with `M_NOT_FOUND`. */
  roomSummary(idOrAlias: string, via: readonly string[]): Promise<PublicRoom>;
  /** The tree below a space, it first, depth first. Rejects with `M_FORBIDDEN` for one that I may not see. */
  spaceRooms(spaceId: RoomId, from: string | null): Promise<Page<SpaceRoom>>;
  /** What a linked page says of itself; null when there is nothing to show. */
  pagePreview(url: string): Promise<PagePreview | null>;
  /** The first event at or after a time. */
  eventAt(roomId: RoomId, ts: number): Promise<string>;
}
