/**
 * What the page knows and what it may ask for: the shapes of the mirror store (written by the engine's patches, only
 * read by views) and the commands (promises answered by the engine). Views depend on this file and on `model/`, never
 * on the engine itself. All times are ms since the epoch; all ids are the spec's strings; media are `mxc:` addresses.
 */

import type { Commands } from './commands';
import type { GroupFacts } from './groups';
import type { Own } from './own';
import type { Poll } from './polls';

export type * from './commands';
export type * from './finding';
export type * from './groups';
export type * from './own';
export type * from './packs';
export type * from './phone';
export type * from './polls';
export type * from './threads';
export type * from './timed';
export type * from './web-push';

export type RoomId = string;
export type UserId = string;
export type EventId = string;
/** Names a row of a timeline for as long as the page lives: an event id, or `~txn` for what was sent from here. */
export type ItemKey = string;

// ---------------------------------------------------------------- session and connection

export type SessionState =
  | { readonly phase: 'loading' }
  | { readonly phase: 'signedOut'; readonly server: ServerInfo | null; readonly expired: boolean }
  /** The server wants the password again; everything cached stays. `login` with the same user goes on where it was. */
  | { readonly phase: 'softLoggedOut'; readonly userId: UserId; readonly server: ServerInfo | null }
  | { readonly phase: 'signedIn'; readonly userId: UserId; readonly deviceId: string; readonly homeserver: string };

export interface ServerInfo {
  /** Name as the user would type it, e.g. `example.org` or `localhost:8448`; the address's host if not known. */
  readonly name: string;
  /** Base address of the client API, without a slash at the end. */
  readonly url: string;
  readonly passwordLogin: boolean;
  /** By number and code. */
  readonly phoneLogin: boolean;
  /** Who else can say who somebody is: where one signs in for this server. */
  readonly sso: readonly SsoProvider[];
  readonly registration: 'open' | 'token' | 'closed' | 'unsupported';
}

export interface SsoProvider {
  /** null: the server leaves it to its own page. */
  readonly id: string | null;
  readonly name: string;
}

/** offline: the device has no network; connecting: no transport yet; updating: catching up; live: all is here. */
export type ConnectionStatus = 'offline' | 'connecting' | 'updating' | 'live';

export interface ConnectionState {
  readonly status: ConnectionStatus;
  readonly transport: 'socket' | 'sliding' | 'classic' | null;
  /** When the next try will be made, while waiting; else null. */
  readonly retryAt: number | null;
  /** The disk takes nothing more: what is new cannot be kept, and so is not shown. */
  readonly full?: true;
  /** The browser keeps nothing: all is in memory, and gone with the last page. */
  readonly memory?: true;
}

// ---------------------------------------------------------------- rooms and people

export type Membership = 'join' | 'invite' | 'knock' | 'leave' | 'ban';

export interface Room {
  readonly id: RoomId;
  /** Computed per spec from name, alias or heroes; '' when there is nobody to name it after ("Empty chat"). */
  readonly name: string;
  readonly avatar: string | null;
  readonly kind: 'dm' | 'group' | 'space';
  /** The other person, when `kind` is `dm` and there is just one. */
  readonly dmUserId: UserId | null;
  readonly membership: Membership;
  /** My own notes. */
  readonly saved: boolean;
  /** Pinned messages, the oldest pin first. */
  readonly pins: readonly EventId[];
  /** Who invited me, while `membership` is `invite`. */
  readonly inviter: UserId | null;
  readonly topic: string;
  readonly encrypted: boolean;
  readonly isPublic: boolean;
  readonly preview: Preview | null;
  readonly unread: Unread;
  /** Threads with something new in them. */
  readonly unreadThreads: number;
  readonly pinned: boolean;
  readonly lowPriority: boolean;
  readonly muted: boolean;
  readonly joinedCount: number;
  readonly invitedCount: number;
  readonly my: MyPower;
  /** Power levels of those who have one; everybody else has `defaultPower`. */
  readonly powers: Readonly<Record<UserId, number>>;
  readonly defaultPower: number;
  /** The last event that I have read, wherever: the unread line goes under it. */
  readonly readUpTo: EventId | null;
  /** For ordering: greater is newer. */
  readonly bumpStamp: number;
  readonly group: GroupFacts;
}

export interface Unread {
  readonly notifications: number;
  readonly highlights: number;
  /** Marked by hand as unread. */
  readonly marked: boolean;
}

export interface MyPower {
  readonly level: number;
  readonly sendMessages: boolean;
  readonly redactOthers: boolean;
  readonly invite: boolean;
  readonly kick: boolean;
  readonly ban: boolean;
  readonly setName: boolean;
  readonly setTopic: boolean;
  readonly setAvatar: boolean;
  readonly setPowers: boolean;
  readonly pin: boolean;
  readonly setPacks: boolean;
  readonly mentionAll: boolean;
}

export interface Preview {
  readonly key: ItemKey;
  readonly sender: UserId;
  readonly senderName: string;
  readonly ts: number;
  readonly body: PreviewBody;
  /** Ticks, for my own messages; null for others' and for service lines. */
  readonly delivery: Delivery | null;
  /** Its sender wants nobody disturbed by it. */
  readonly silent?: true;
  /** A small picture of the photo or film in it. */
  readonly thumbnail?: string;
  /** My message that a reaction is to. */
  readonly target?: EventId;
}

export type PreviewBody =
  | { readonly kind: 'text' | 'notice' | 'emote'; readonly text: string }
  | {
      readonly kind: 'image' | 'video' | 'audio' | 'voice' | 'file' | 'sticker' | 'location' | 'poll';
      readonly text: string;
      /** How long it is, where that is known. */
      readonly durationMs?: number;
    }
  /** Somebody's sign (`text`) at a message of mine, with the beginning of it. */
  | { readonly kind: 'reaction'; readonly text: string; readonly name: string; readonly of: string }
  | { readonly kind: 'encrypted' | 'redacted' | 'unknown'; readonly text: '' }
  | { readonly kind: 'service'; readonly text: ''; readonly service: ServiceLine };

export type Delivery = 'sending' | 'sent' | 'read' | 'failed';

/** A line about what happened, to be put in words by i18n: `actor` did `what` (to `target`), ids with names of then. */
export interface ServiceLine {
  readonly what:
    | 'created'
    | 'joined'
    | 'left'
    | 'invited'
    | 'inviteRejected'
    | 'inviteWithdrawn'
    | 'kicked'
    | 'banned'
    | 'unbanned'
    | 'knocked'
    | 'renamedSelf'
    | 'changedAvatar'
    | 'roomNamed'
    | 'roomNameRemoved'
    | 'topicSet'
    | 'topicRemoved'
    | 'roomAvatar'
    | 'encryptionOn'
    | 'pinned'
    | 'powersChanged'
    | 'upgraded'
    | 'joinRule'
    | 'history'
    | 'alias'
    | 'servers'
    | 'slowMode'
    | 'slowModeOff'
    | 'roles'
    | 'role'
    | 'other';
  readonly actor: UserId;
  readonly actorName: string;
  readonly target: UserId | null;
  readonly targetName: string;
  /** New name, topic, join rule, seconds of slow mode or reason; '' if there is none. */
  readonly value: string;
  /** The name before, for `renamedSelf`. */
  readonly before: string;
}

export interface User {
  readonly id: UserId;
  /** Display name, else the local part. */
  readonly name: string;
  readonly avatar: string | null;
  readonly presence: 'online' | 'unavailable' | 'offline' | null;
  readonly lastActiveTs: number | null;
}

export interface Member {
  readonly userId: UserId;
  /** Display name in this room, made unique per spec ("Ann (@ann:example.org)") when two share it. */
  readonly name: string;
  readonly avatar: string | null;
  readonly membership: Membership;
  readonly power: number;
}

// ---------------------------------------------------------------- timelines

/**
 * An open room's timeline as this page looks at it: one unbroken run of items, oldest first. Either the live one
 * (`live`, new messages are appended) or a piece around an older event after `loadAround`, which becomes live once
 * `loadNewer` reaches the end or `showLive` is called.
 */
export interface Timeline {
  readonly items: readonly ItemKey[];
  readonly events: Readonly<Record<ItemKey, TimelineItem>>;
  readonly live: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly loadingOlder: boolean;
  readonly loadingNewer: boolean;
  /** Set when the last load failed; cleared by the next try. */
  readonly loadError: ErrorInfo | null;
}

export interface TimelineItem {
  readonly key: ItemKey;
  /** null until the server has accepted it. */
  readonly eventId: EventId | null;
  readonly sender: UserId;
  readonly ts: number;
  readonly kind: 'message' | 'service' | 'encrypted' | 'redacted' | 'unknown';
  readonly type: string;
  /** With the newest edit applied. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly service: ServiceLine | null;
  readonly edited: boolean;
  /** When it was changed last, ms. */
  readonly editedTs?: number;
  readonly redactedBy: UserId | null;
  readonly reply: ReplyTarget | null;
  readonly reactions: readonly Reaction[];
  /** Ticks of my own messages; null for others'. */
  readonly delivery: Delivery | null;
  /** Why it or its edit or deletion could not be sent; `retry` or `cancelLocal` with `key`. */
  readonly error: ErrorInfo | null;
  /** An edit or deletion of this item is on its way. */
  readonly changing: boolean;
  readonly starred: boolean;
  /** I have listened to this voice message. */
  readonly heard: boolean;
  /** How far its files are uploaded; null when there is nothing to upload. */
  readonly upload: Upload | null;
  readonly poll: Poll | null;
  readonly thread: ThreadSummary | null;
}

/** What a message shows of the thread that begins with it. */
export interface ThreadSummary {
  readonly count: number;
  /** Answers that I have not read and am told of. */
  readonly unread: number;
  readonly latestTs: number;
  readonly latestName: string;
  readonly latestBody: PreviewBody;
  /** Some who wrote in it, the latest first. */
  readonly people: readonly UserId[];
}

export interface Upload {
  /** Key of the file, and of the smaller picture if there is one, for `localFile`. */
  readonly file: string;
  readonly thumbnail: string | null;
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** All is uploaded; only the message is still on its way. */
  readonly done: boolean;
}

export interface ReplyTarget {
  readonly eventId: EventId;
  /** The part of it that is meant, where it says so and holds it. */
  readonly part?: string;
  /** null while the quoted event is being fetched, or when it cannot be had. */
  readonly quoted: {
    readonly sender: UserId;
    readonly senderName: string;
    readonly body: PreviewBody;
    readonly thumbnail: string | null;
  } | null;
}

export interface Reaction {
  readonly key: string;
  readonly count: number;
  readonly senders: readonly UserId[];
  /** I am among the senders (or my reaction is on its way). */
  readonly mine: boolean;
}

export interface Draft {
  readonly text: string;
  readonly replyTo: EventId | null;
  readonly editing: EventId | null;
}

// ---------------------------------------------------------------- the store

export interface MirrorState {
  readonly session: SessionState;
  readonly connection: ConnectionState;
  readonly rooms: Readonly<Record<RoomId, Room>>;
  /** Joined rooms that are no spaces: pinned ones first, then newest first. */
  readonly roomOrder: readonly RoomId[];
  /** Rooms I am invited to, newest first. */
  readonly invites: readonly RoomId[];
  /** The list has been filled once (from the cache or the server): an empty list is really empty. */
  readonly listReady: boolean;
  readonly users: Readonly<Record<UserId, User>>;
  /** Members known so far (senders, heroes; all after `loadMembers`), by room. */
  readonly members: Readonly<Record<RoomId, Readonly<Record<UserId, Member>>>>;
  /** Rooms whose full member list is here. */
  readonly membersComplete: Readonly<Record<RoomId, boolean>>;
  /** Who is typing, without me. */
  readonly typing: Readonly<Record<RoomId, readonly UserId[]>>;
  /** Present for what this page has open, by the name of the view (`model/view-ids.ts`): rooms, and threads of theirs. */
  readonly timelines: Readonly<Record<RoomId, Timeline>>;
  readonly drafts: Readonly<Record<RoomId, Draft>>;
  readonly own: Own;
}

export interface ErrorInfo {
  /** The Matrix error code, or one of ours: `NETWORK`, `ENCRYPTED_ROOM`, `NO_SERVER`, `BAD_ANSWER`, `STORAGE`, `CANCELLED`. */
  readonly errcode: string;
  /** Words of the server or of the engine, in English; for a tooltip, not for the main text. */
  readonly message: string;
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly retryAfterMs: number | null;
}

/** What `connectEngine()` of `store/client.ts` gives the page. `state` is a Solid store: read it inside tracking scopes. */
export interface Client {
  readonly state: MirrorState;
  readonly commands: Commands;
  /** Shows a room otherwise than the engine tells of it, on this page alone; `change` null: as it is. One room at a time. */
  showAs(roomId: RoomId, change: ((room: Room) => Room) | null): void;
}
