/** What belongs to the person who is signed in, beyond rooms: contacts, folders, wishes. Part of the contract. */
import type { Accent } from '../model/accents';
import { usualWallpaper, type WallpaperChoice } from '../model/wallpapers';
import type { Confirmation, EventId, RoomId, SignIns, ThreadNotify, UserId } from './contract';

export type ChatKind = 'dm' | 'group';

/** What a folder leaves out unless it was put there by hand. */
export type Without = 'muted' | 'read' | 'archived';

export interface Folder {
  readonly id: string;
  readonly name: string;
  /** '' for none. */
  readonly emoji: string;
  /** Kinds of chats that belong to it. */
  readonly kinds: readonly ChatKind[];
  readonly include: readonly RoomId[];
  readonly exclude: readonly RoomId[];
  readonly without: readonly Without[];
}

/** The tabs over the chats after those that everybody has: ids of folders and of spaces. */
export interface TabOrder {
  readonly order: readonly string[];
  /** Spaces without a tab. */
  readonly hidden: readonly RoomId[];
}

export interface Privacy {
  /** `nobody`: I am never shown as online. */
  readonly presence: 'everyone' | 'nobody';
  readonly receipts: 'everyone' | 'private';
  readonly typing: boolean;
  readonly invites: 'everyone' | 'nobody';
}

export interface Settings {
  readonly desktop: boolean;
  readonly cards: boolean;
  readonly sound: boolean;
  /** Of all sounds, 0 to 1. */
  readonly volume: number;
  /** A sound when a message of mine goes out. */
  readonly sendSound: boolean;
  /** Words of messages in notifications. */
  readonly previews: boolean;
  /** Cards of the pages that messages lead to; the server looks at those pages. */
  readonly linkPreviews: boolean;
  /** Archived chats come back when something new is in them. */
  readonly unarchive: boolean;
  /** Messages go out by Ctrl+Enter, and Enter begins a new line. */
  readonly ctrlEnter: boolean;
  /** Deleted messages of groups leave a line that says so. */
  readonly deletedTrace: boolean;
  /** What a double click on a message does. */
  readonly doubleClick: 'react' | 'reply';
  /** The first reaction: of a double click, and beside the message under the mouse. */
  readonly favourite: string;
  /** Short cuts beside the message under the mouse. */
  readonly hoverActions: boolean;
  readonly wallpaper: WallpaperChoice;
  readonly accent: Accent;
}

export interface Own {
  readonly blocked: readonly UserId[];
  /** Names of my own for people. */
  readonly contacts: Readonly<Record<UserId, string>>;
  readonly folders: readonly Folder[];
  readonly tabs: TabOrder;
  readonly privacy: Privacy;
  readonly settings: Settings;
  /** Default rules of the account: whether private chats and groups notify at all. */
  readonly notify: { readonly dm: boolean; readonly group: boolean };
  /** Emoji that I used, the last first. */
  readonly recentEmoji: readonly string[];
  /** Words that I am told of like a mention. */
  readonly keywords: readonly string[];
  /** Threads with wishes of their own, by their first message. */
  readonly threads: Readonly<Record<EventId, ThreadNotify>>;
  /** Who wants to come in to this account on another device. */
  readonly signIns: SignIns;
}

export const noOwn: Own = {
  blocked: [],
  contacts: {},
  folders: [],
  tabs: { order: [], hidden: [] },
  privacy: { presence: 'everyone', receipts: 'everyone', typing: true, invites: 'everyone' },
  settings: {
    desktop: true,
    cards: true,
    sound: true,
    volume: 0.5,
    sendSound: true,
    previews: true,
    linkPreviews: true,
    unarchive: true,
    ctrlEnter: false,
    deletedTrace: false,
    doubleClick: 'react',
    favourite: '❤️',
    hoverActions: true,
    wallpaper: usualWallpaper,
    accent: 'theme',
  },
  notify: { dm: true, group: true },
  recentEmoji: [],
  keywords: [],
  threads: {},
  signIns: { requests: [], recovery: null },
};

export interface SessionInfo {
  readonly deviceId: string;
  readonly name: string;
  readonly ip: string;
  readonly seenTs: number | null;
  readonly current: boolean;
}

export interface OwnCommands {
  /** Names of the server's unstable features, e.g. `app.hearth.roles`. */
  features(): Promise<readonly string[]>;
  setAvatar(mxc: string | null): Promise<void>;
  sessions(): Promise<readonly SessionInfo[]>;
  renameSession(deviceId: string, name: string): Promise<void>;
  /** Rejects with `M_FORBIDDEN` for a wrong password. */
  endSessions(deviceIds: readonly string[], confirmation: Confirmation): Promise<void>;
  /** Sets one, too, where there was none. */
  changePassword(confirmation: Confirmation, fresh: string): Promise<void>;
  /** Closes the account for good. `erase`: who joins a chat later does not see what I wrote. */
  closeAccount(confirmation: Confirmation, erase: boolean): Promise<void>;
  setBlocked(userId: UserId, blocked: boolean): Promise<void>;
  /** `name` null takes the contact away. */
  setContact(userId: UserId, name: string | null): Promise<void>;
  setFolders(folders: readonly Folder[]): Promise<void>;
  setTabs(tabs: TabOrder): Promise<void>;
  setPrivacy(privacy: Privacy): Promise<void>;
  setSettings(settings: Settings): Promise<void>;
  setNotifyKind(kind: ChatKind, on: boolean): Promise<void>;
  /** I have used an emoji. */
  noteEmoji(sign: string): Promise<void>;
  setKeyword(word: string, on: boolean): Promise<void>;
  /** Rooms that we are both in. */
  commonRooms(userId: UserId): Promise<readonly RoomId[]>;
  reportMessage(roomId: RoomId, eventId: EventId, reason: string): Promise<void>;
  reportRoom(roomId: RoomId, reason: string): Promise<void>;
  reportUser(userId: UserId, reason: string): Promise<void>;
}
