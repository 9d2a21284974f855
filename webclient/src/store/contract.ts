/**
 * What the page knows and what it may ask for: the shapes of the mirror store (written by the engine's patches, only
 * read by views) and the commands (promises answered by the engine). Views depend on this file and on `model/`, never
 * on the engine itself. All times are ms since the epoch; all ids are the spec's strings; media are `mxc:` addresses.
 */

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
  readonly registration: 'open' | 'token' | 'closed' | 'unsupported';
}

/** offline: the device has no network; connecting: no transport yet; updating: catching up; live: all is here. */
export type ConnectionStatus = 'offline' | 'connecting' | 'updating' | 'live';

export interface ConnectionState {
  readonly status: ConnectionStatus;
  readonly transport: 'socket' | 'sliding' | null;
  /** When the next try will be made, while waiting; else null. */
  readonly retryAt: number | null;
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
  /** Who invited me, while `membership` is `invite`. */
  readonly inviter: UserId | null;
  readonly topic: string;
  readonly encrypted: boolean;
  readonly isPublic: boolean;
  readonly preview: Preview | null;
  readonly unread: Unread;
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
}

export interface Preview {
  readonly key: ItemKey;
  readonly sender: UserId;
  readonly senderName: string;
  readonly ts: number;
  readonly body: PreviewBody;
  /** Ticks, for my own messages; null for others' and for service lines. */
  readonly delivery: Delivery | null;
}

export type PreviewBody =
  | { readonly kind: 'text' | 'notice' | 'emote'; readonly text: string }
  | { readonly kind: 'image' | 'video' | 'audio' | 'file' | 'sticker' | 'location' | 'poll'; readonly text: string }
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
    | 'other';
  readonly actor: UserId;
  readonly actorName: string;
  readonly target: UserId | null;
  readonly targetName: string;
  /** New name, topic, join rule or reason; '' if there is none. */
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
  readonly redactedBy: UserId | null;
  readonly reply: ReplyTarget | null;
  readonly reactions: readonly Reaction[];
  /** Ticks of my own messages; null for others'. */
  readonly delivery: Delivery | null;
  /** Why it or its edit or deletion could not be sent; `retry` or `cancelLocal` with `key`. */
  readonly error: ErrorInfo | null;
  /** An edit or deletion of this item is on its way. */
  readonly changing: boolean;
}

export interface ReplyTarget {
  readonly eventId: EventId;
  /** null while the quoted event is being fetched, or when it cannot be had. */
  readonly quoted: { readonly sender: UserId; readonly senderName: string; readonly body: PreviewBody } | null;
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
  /** Present for rooms this page has open. */
  readonly timelines: Readonly<Record<RoomId, Timeline>>;
  readonly drafts: Readonly<Record<RoomId, Draft>>;
}

// ---------------------------------------------------------------- commands

export interface ErrorInfo {
  /** The Matrix error code, or one of ours: `NETWORK`, `ENCRYPTED_ROOM`, `NO_SERVER`, `BAD_ANSWER`, `STORAGE`, `CANCELLED`. */
  readonly errcode: string;
  /** Words of the server or of the engine, in English; for a tooltip, not for the main text. */
  readonly message: string;
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly retryAfterMs: number | null;
}

export interface LoginRequest {
  /** Name or address of the server; null takes the session's suggested one (own origin first). */
  readonly server: string | null;
  /** `name`, `@name:server` (whose server is then looked up when `server` is null). */
  readonly user: string;
  readonly password: string;
}

export interface RegisterRequest {
  readonly server: string | null;
  readonly username: string;
  readonly password: string;
  /** Registration token, where the server asks for one. */
  readonly token?: string;
}

/** `token` / `wrongToken`: ask for a registration token and call again. `unsupported`: stages that we cannot do. */
export type RegisterOutcome =
  | { readonly done: true }
  | {
      readonly done: false;
      readonly needs: 'token' | 'wrongToken' | 'unsupported';
      readonly stages: readonly string[];
    };

export interface MessageDraft {
  /** Plain text; empty or blank is refused. */
  readonly text: string;
  readonly replyTo?: EventId;
}

export interface Profile {
  readonly userId: UserId;
  readonly name: string;
  readonly avatar: string | null;
}

/**
 * Every command rejects with a `CommandError` (see `store/errors.ts`: `.info` is an `ErrorInfo`). Sending commands
 * resolve as soon as the message is safely stored in the queue; what becomes of it is seen in the timeline.
 */
export interface Commands {
  /** Looks up what the user typed: well-known, versions, login flows, registration. Rejects with `NO_SERVER`. */
  discover(server: string): Promise<ServerInfo>;
  usernameAvailable(server: string | null, username: string): Promise<boolean>;
  login(request: LoginRequest): Promise<void>;
  register(request: RegisterRequest): Promise<RegisterOutcome>;
  logout(): Promise<void>;
  /** Tries to connect at once instead of waiting for `retryAt`. */
  reconnect(): Promise<void>;

  /** Subscribes, shows what is cached, and fetches the newest messages when there is nothing. */
  openRoom(roomId: RoomId): Promise<void>;
  closeRoom(roomId: RoomId): Promise<void>;
  loadOlder(roomId: RoomId): Promise<void>;
  loadNewer(roomId: RoomId): Promise<void>;
  /** Shows the run of messages around this event; resolves to its row's key when it is in `items`. */
  loadAround(roomId: RoomId, eventId: EventId): Promise<ItemKey>;
  showLive(roomId: RoomId): Promise<void>;
  loadMembers(roomId: RoomId): Promise<void>;

  sendMessage(roomId: RoomId, draft: MessageDraft): Promise<ItemKey>;
  edit(roomId: RoomId, eventId: EventId, text: string): Promise<void>;
  redact(roomId: RoomId, eventId: EventId, reason?: string): Promise<void>;
  /** Adds my reaction, or takes it back when it is there. */
  react(roomId: RoomId, eventId: EventId, key: string): Promise<void>;
  retry(roomId: RoomId, key: ItemKey): Promise<void>;
  /** Forgets a message, edit, reaction or deletion that was not accepted yet. */
  cancelLocal(roomId: RoomId, key: ItemKey): Promise<void>;
  setTyping(roomId: RoomId, typing: boolean): Promise<void>;
  /** Read up to and with this event, or to the newest one. Clears the mark set by hand too. */
  markRead(roomId: RoomId, eventId?: EventId): Promise<void>;
  markUnread(roomId: RoomId, unread: boolean): Promise<void>;
  setDraft(roomId: RoomId, draft: Draft | null): Promise<void>;

  /** Opens the private chat that exists with this person, or makes one. */
  createPrivateChat(userId: UserId): Promise<RoomId>;
  createGroup(name: string, invites: readonly UserId[]): Promise<RoomId>;
  /** A room id or an alias. */
  join(roomIdOrAlias: string, via?: readonly string[]): Promise<RoomId>;
  /** Leaves, or declines the invitation. */
  leave(roomId: RoomId): Promise<void>;
  invite(roomId: RoomId, userId: UserId, reason?: string): Promise<void>;
  kick(roomId: RoomId, userId: UserId, reason?: string): Promise<void>;
  ban(roomId: RoomId, userId: UserId, reason?: string): Promise<void>;
  unban(roomId: RoomId, userId: UserId): Promise<void>;
  setRoomName(roomId: RoomId, name: string): Promise<void>;
  setRoomTopic(roomId: RoomId, topic: string): Promise<void>;
  setPinned(roomId: RoomId, pinned: boolean): Promise<void>;
  setMuted(roomId: RoomId, muted: boolean): Promise<void>;
  setPower(roomId: RoomId, userId: UserId, level: number): Promise<void>;

  /** Looks a full user id up; rejects with `M_NOT_FOUND` when that server knows no such user. */
  searchUser(userId: UserId): Promise<Profile>;
  setDisplayName(name: string): Promise<void>;
  /** The page came to the front or went to the back: heartbeat, presence and read state follow. */
  setVisible(visible: boolean): Promise<void>;
}

/** What `connectEngine()` of `store/client.ts` gives the page. `state` is a Solid store: read it inside tracking scopes. */
export interface Client {
  readonly state: MirrorState;
  readonly commands: Commands;
}
