/** The commands of the contract: promises that the engine answers. All views take these types from `contract.ts`. */
import type { Written } from '../model/drafting';
import type { PagePreview } from '../model/link-previews';
import type { OutgoingFile } from '../model/outgoing';
import type { Draft, EventId, ItemKey, PreviewBody, RoomId, ServerInfo, UserId } from './contract';
import type { FindingCommands } from './finding';
import type { GroupCommands } from './groups';
import type { OwnCommands } from './own';
import type { PackCommands } from './packs';
import type { PhoneCommands } from './phone';
import type { PollCommands } from './polls';
import type { ThreadCommands } from './threads';
import type { TimedCommands } from './timed';
import type { WebPushCommands } from './web-push';

export interface LoginRequest {
  /** Name or address of the server; null takes the session's suggested one (own origin first). */
  readonly server: string | null;
  /** `name`, `@name:server` (whose server is then looked up when `server` is null). */
  readonly user: string;
  readonly password: string;
}

/** What single sign-on came back with. */
export interface TokenLogin {
  /** Base address of the server that gave it. */
  readonly server: string;
  readonly token: string;
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

/** Plain text (empty or blank is refused), its rich form if it has one, and who is mentioned. */
export interface MessageDraft extends Written {
  readonly replyTo?: EventId | undefined;
  /** The part of the answered message that is meant. */
  readonly quote?: string | undefined;
  /** Goes out with the message as the preview of its link; null: it shall have none. */
  readonly link?: PagePreview | null;
  /** The first message of the thread it goes to. */
  readonly thread?: EventId | undefined;
  /** `emote` for what `/me` says. */
  readonly as?: 'text' | 'emote';
  /** Those who get it are told without a sound. */
  readonly silent?: true;
  /** Names the message before it is sent, so that its row stands there at once; else the engine gives it a name. */
  readonly txnId?: string;
}

export interface FilesDraft {
  readonly files: readonly OutgoingFile[];
  readonly caption?: Written;
  readonly replyTo?: EventId | undefined;
  readonly thread?: EventId | undefined;
  /** Shown as one message with several pictures, where the reader's client can. */
  readonly asAlbum: boolean;
}

export interface MessageRef {
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

export interface ForwardDraft {
  /** Oldest first. */
  readonly messages: readonly MessageRef[];
  readonly to: readonly RoomId[];
  readonly comment?: Written;
  /** Do not tell who wrote it first. */
  readonly hideSender: boolean;
  /** Pass on photos and files without the words below them. */
  readonly hideCaptions?: boolean;
}

/** The short form of an event, for lists and bars. */
export interface EventPreview extends MessageRef {
  readonly sender: UserId;
  readonly senderName: string;
  readonly ts: number;
  readonly body: PreviewBody;
  readonly thumbnail: string | null;
}

/** Somebody who has read a message. */
export interface Reader {
  readonly userId: UserId;
  /** When, ms; null where nobody says. */
  readonly ts: number | null;
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
export interface Commands
  extends GroupCommands,
    OwnCommands,
    FindingCommands,
    PackCommands,
    PhoneCommands,
    PollCommands,
    ThreadCommands,
    TimedCommands,
    WebPushCommands {
  /** Looks up what the user typed: well-known, versions, login flows, registration. Rejects with `NO_SERVER`. */
  discover(server: string): Promise<ServerInfo>;
  usernameAvailable(server: string | null, username: string): Promise<boolean>;
  login(request: LoginRequest): Promise<void>;
  loginByToken(request: TokenLogin): Promise<void>;
  register(request: RegisterRequest): Promise<RegisterOutcome>;
  logout(): Promise<void>;
  /** Tries to connect at once instead of waiting for `retryAt`. */
  reconnect(): Promise<void>;

  /**
   * Subscribes, shows what is cached, and fetches the newest messages when there is nothing. Also for a thread of a room
   * that is open, by the name of its view, as `closeRoom`, `loadOlder`, `loadNewer` and `showLive`.
   */
  openRoom(roomId: RoomId): Promise<void>;
  closeRoom(roomId: RoomId): Promise<void>;
  loadOlder(roomId: RoomId): Promise<void>;
  loadNewer(roomId: RoomId): Promise<void>;
  /** Shows the run of messages around this event; resolves to its row's key when it is in `items`. */
  loadAround(roomId: RoomId, eventId: EventId): Promise<ItemKey>;
  showLive(roomId: RoomId): Promise<void>;
  loadMembers(roomId: RoomId): Promise<void>;

  sendMessage(roomId: RoomId, draft: MessageDraft): Promise<ItemKey>;
  /** One message for each file; they are uploaded one after the other, and go on after a reload. */
  sendFiles(roomId: RoomId, draft: FilesDraft): Promise<void>;
  /** New words for a message of mine, or a new caption for a file. */
  edit(roomId: RoomId, eventId: EventId, written: Written): Promise<void>;
  forward(draft: ForwardDraft): Promise<void>;
  /** In the order asked for; what cannot be had is left out. */
  previews(roomId: RoomId, eventIds: readonly EventId[]): Promise<EventPreview[]>;
  /** Who else has read up to this message or further, the last of them first. */
  seenBy(roomId: RoomId, eventId: EventId): Promise<readonly Reader[]>;
  /** How a message was worded before, the newest wording first, the original last. */
  wordings(roomId: RoomId, eventId: EventId): Promise<EventPreview[]>;
  pin(roomId: RoomId, eventId: EventId, pinned: boolean): Promise<void>;
  unpinAll(roomId: RoomId): Promise<void>;
  setStar(roomId: RoomId, eventId: EventId, starred: boolean): Promise<void>;
  /** Starred messages of a room, or of all: the newest star first. */
  starred(roomId: RoomId | null): Promise<EventPreview[]>;
  /** Takes messages out of my own sight only. */
  hide(roomId: RoomId, eventIds: readonly EventId[]): Promise<void>;
  /** Takes all that was said so far out of my own sight; the others keep it. */
  clearHistory(roomId: RoomId): Promise<void>;
  /** Notes that I have heard a voice message, for all my devices. */
  markHeard(roomId: RoomId, eventId: EventId): Promise<void>;
  /** The chat with myself; made when it does not exist. */
  openSaved(): Promise<RoomId>;
  /** A file that waits to be uploaded, by `Upload.file`. */
  localFile(key: string): Promise<Blob | null>;
  /** A file, or a thumbnail of at least this size, where no service worker gives it. */
  loadMedia(mxc: string, size: { readonly w: number; readonly h: number } | null): Promise<Blob>;
  /** Uploads a file that belongs to no message, a profile photo say; resolves to its `mxc:` address. */
  uploadFile(file: Blob, name: string): Promise<string>;
  /** Renews the access token if the server does not take it any more. */
  checkToken(): Promise<void>;
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
