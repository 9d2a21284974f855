/** All that the engine knows of one account, in memory; the reducer is the one that changes it. */
import type { Json, MatrixEvent, StateEvent } from '../../model/events';
import type { Membership, Preview } from '../../store/contract';
import type { Op } from '../send/ops';
import { RoomTimeline } from './timeline';

export interface Hero {
  readonly userId: string;
  readonly displayName: string | null;
  readonly avatar: string | null;
}

/** A member event's content as far as it is used; one record on disk each. */
export interface MemberData {
  readonly roomId: string;
  readonly userId: string;
  readonly membership: Membership;
  readonly displayName: string | null;
  readonly avatar: string | null;
  readonly isDirect: boolean;
  /** Who sent the event. */
  readonly sender: string;
}

/** One record on disk, without members and timeline. */
export interface RoomData {
  readonly id: string;
  readonly membership: Membership;
  readonly serverName: string | null;
  readonly serverAvatar: string | null;
  readonly heroes: readonly Hero[];
  readonly isDm: boolean;
  readonly joined: number;
  readonly invited: number;
  readonly bumpStamp: number;
  /** Current state but for members, by `stateKey()`. */
  readonly state: Readonly<Record<string, StateEvent>>;
  readonly accountData: Readonly<Record<string, Json>>;
  readonly notifications: number;
  readonly highlights: number;
  /** Newest public receipt of each other reader. */
  readonly readers: Readonly<Record<string, { readonly eventId: string; readonly ts: number }>>;
  /** Unread answers by thread, of those that have any. */
  readonly threadCounts?: Readonly<Record<string, number>>;
  /** How far others have read threads: by thread, then by person. */
  readonly threadReaders?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly myRead: { readonly eventId: string; readonly ts: number } | null;
  readonly preview: Preview | null;
  readonly membersComplete: boolean;
}

export interface PresenceData {
  readonly presence: 'online' | 'unavailable' | 'offline';
  readonly lastActiveTs: number | null;
}

export function stateKey(type: string, key = ''): string {
  return `${type}\u0000${key}`;
}

/** A room of which nothing is known but its id; not shown until the server sends it. */
export function emptyRoom(id: string): RoomData {
  return {
    id,
    membership: 'leave',
    serverName: null,
    serverAvatar: null,
    heroes: [],
    isDm: false,
    joined: 0,
    invited: 0,
    bumpStamp: 0,
    state: {},
    accountData: {},
    notifications: 0,
    highlights: 0,
    readers: {},
    myRead: null,
    preview: null,
    membersComplete: false,
  };
}

export class Account {
  readonly rooms = new Map<string, RoomData>();
  readonly members = new Map<string, Map<string, MemberData>>();
  /** Only of rooms that were needed since the start. */
  readonly timelines = new Map<string, RoomTimeline>();
  /** How many present members of a room have a name; a room's entry goes with each change of a member. */
  readonly nameCounts = new Map<string, ReadonlyMap<string, number>>();
  readonly typing = new Map<string, readonly string[]>();
  readonly presence = new Map<string, PresenceData>();
  readonly accountData = new Map<string, Json>();
  /** Rooms that were encrypted once: they stay so for us, whatever their state says later. */
  readonly encrypted = new Set<string>();
  /** What was sent from here and has not come back yet, oldest first. */
  readonly ops = new Map<string, Op>();
  /** Bytes sent of the files of an op that are being uploaded, by transaction id. */
  readonly uploaded = new Map<string, number>();
  /** Row keys of events that were sent from here. */
  readonly keys = new Map<string, string>();
  /** The list has been filled, from disk or by the server. */
  listReady = false;
  /** Rooms of the whole list, as the server counts them. */
  listCount: number | null = null;

  constructor(readonly me: string) {}

  state(roomId: string, type: string, key = ''): StateEvent | null {
    return this.rooms.get(roomId)?.state[stateKey(type, key)] ?? null;
  }

  content(roomId: string, type: string): Json {
    return this.state(roomId, type)?.content ?? {};
  }

  member(roomId: string, userId: string): MemberData | null {
    return this.members.get(roomId)?.get(userId) ?? null;
  }

  membersOf(roomId: string): Map<string, MemberData> {
    const known = this.members.get(roomId) ?? new Map<string, MemberData>();
    this.members.set(roomId, known);
    return known;
  }

  timeline(roomId: string): RoomTimeline {
    const known = this.timelines.get(roomId) ?? new RoomTimeline(roomId);
    this.timelines.set(roomId, known);
    return known;
  }

  opsOf(roomId: string): Op[] {
    return [...this.ops.values()].filter((op) => op.roomId === roomId).sort((a, b) => a.order - b.order);
  }

  /** The row key of an event. */
  keyOf(event: Pick<MatrixEvent, 'event_id'>): string {
    return this.keys.get(event.event_id) ?? event.event_id;
  }

  /** All that came from the server is forgotten; what was not sent yet, and which rooms are encrypted, is kept. */
  forgetRooms(): void {
    const { rooms, members, nameCounts, timelines, typing, presence, accountData } = this;
    for (const map of [rooms, members, nameCounts, timelines, typing, presence, accountData]) {
      map.clear();
    }
    this.listCount = null;
  }
}
