/** What is known of a group beyond its name, and what can be done with groups. Part of the contract. */
import type { WallpaperChoice } from '../model/wallpapers';
import type { EventId, EventPreview, MyPower, RoomId, ServiceLine, UserId } from './contract';

/** What a role can allow, as the server names it. */
export const permissions = [
  'send',
  'media',
  'links',
  'react',
  'pin',
  'invite',
  'kick',
  'ban',
  'redact',
  'info',
  'roles',
  'mention_all',
  'call',
] as const;
export type Permission = (typeof permissions)[number];

/** No power level can express these: only our own server keeps to them. */
export const localOnly: ReadonlySet<Permission> = new Set(['media', 'links']);

export interface Role {
  readonly id: string;
  readonly name: string;
  /** One of the person colours, or ''. */
  readonly colour: string;
  readonly level: number;
  readonly permissions: readonly Permission[];
}

export interface RoleList {
  /** The highest first. */
  readonly roles: readonly Role[];
  readonly everyone: readonly Permission[];
}

export type Access = 'private' | 'knock' | 'public';

export interface GroupControls {
  readonly canSetSlowMode: boolean;
  readonly canSetAccess: boolean;
  readonly canSetRoles: boolean;
}

/** What a level allows in a group. */
export interface Standing {
  readonly my: MyPower;
  readonly group: GroupControls;
}

export interface GroupFacts extends GroupControls {
  readonly access: Access;
  /** Main alias; '' if there is none. */
  readonly alias: string;
  readonly history: 'invited' | 'joined' | 'shared' | 'world_readable';
  readonly version: string;
  /** Servers that are kept out. */
  readonly deniedServers: readonly string[];
  /** null: this group has no roles of ours. */
  readonly roles: RoleList | null;
  /** Ids of roles by member. */
  readonly rolesOf: Readonly<Record<UserId, readonly string[]>>;
  /** Members who are muted, and until when. */
  readonly mutedUntil: Readonly<Record<UserId, number>>;
  readonly creators: readonly UserId[];
  /** People who ask to be let in. */
  readonly requests: readonly UserId[];
  /** The group that takes the place of this one. */
  readonly replacement: RoomId | null;
  /** Members write once in so many seconds; 0: as often as they like. */
  readonly slowModeS: number;
  /** All messages, only mentions, or none. */
  readonly notify: 'all' | 'mentions' | 'none';
  /** What I have behind the messages of this chat; null: what I have in all. */
  readonly wallpaper: WallpaperChoice | null;
  /** Of a space: its rooms and the spaces in it, in its order. */
  readonly children: readonly RoomId[];
}

export interface GroupDraft {
  readonly name: string;
  readonly topic: string;
  readonly avatar: string | null;
  readonly access: Access;
  /** Local part of the alias, for a public group. */
  readonly alias: string;
  readonly invites: readonly UserId[];
}

export interface Banned {
  readonly userId: UserId;
  readonly name: string;
  readonly by: UserId;
  readonly byName: string;
  readonly reason: string;
  readonly ts: number;
}

export interface InviteLink {
  readonly token: string;
  readonly creator: UserId;
  readonly name: string;
  readonly createdTs: number;
  readonly expiresTs: number | null;
  readonly maxUses: number | null;
  readonly uses: number;
  readonly approval: boolean;
  readonly users: readonly UserId[];
}

export interface LinkPreview {
  readonly roomId: RoomId;
  readonly name: string;
  readonly topic: string;
  readonly avatar: string | null;
  readonly members: number;
  readonly approval: boolean;
}

/** What a change of rights gave or took. A `role` of null: everyone; levels as in power levels. */
export type RightsChange =
  | { readonly what: 'made'; readonly role: string; readonly permissions: readonly Permission[] }
  | { readonly what: 'removed'; readonly role: string }
  | { readonly what: 'renamed'; readonly before: string; readonly role: string }
  | { readonly what: 'ordered' }
  | { readonly what: 'allowed' | 'denied'; readonly role: string | null; readonly permissions: readonly Permission[] }
  | { readonly what: 'given' | 'taken'; readonly name: string; readonly role: string }
  | { readonly what: 'person'; readonly name: string; readonly before: number; readonly after: number }
  | { readonly what: 'newcomers'; readonly before: number; readonly after: number }
  /** `permission` null: events of this type; '' stands for all other settings. */
  | {
      readonly what: 'needed';
      readonly permission: Permission | null;
      readonly type: string;
      readonly before: number;
      readonly after: number;
    };

export interface LogEntry {
  readonly eventId: EventId;
  readonly ts: number;
  readonly actor: UserId;
  readonly kind: 'members' | 'settings' | 'roles';
  readonly line: ServiceLine;
  /** Of roles and power levels: what became different. */
  readonly changes: readonly RightsChange[];
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** Where the next page begins; null: there is none. */
  readonly next: string | null;
}

export type MediaKind = 'media' | 'files' | 'links' | 'music' | 'voice';

export interface SharedItem extends EventPreview {
  readonly mxc: string | null;
  readonly mimetype: string;
  readonly size: number;
  readonly isVideo: boolean;
  readonly url: string;
}

/** How much of each kind was shared lately in a chat; `all`: not just lately. */
export interface SharedCounts {
  readonly counts: Readonly<Record<MediaKind, number>>;
  readonly all: Readonly<Record<MediaKind, boolean>>;
}

export interface GroupCommands {
  makeGroup(draft: GroupDraft): Promise<RoomId>;
  /** Whether nobody has this local part for an alias yet. */
  aliasFree(localpart: string): Promise<boolean>;
  setRoomAvatar(roomId: RoomId, mxc: string | null): Promise<void>;
  /** `alias`: local part, needed for `public` unless the group has one. */
  setAccess(roomId: RoomId, access: Access, alias: string): Promise<void>;
  /** Roles without levels, the highest first. */
  setRoles(
    roomId: RoomId,
    list: { roles: readonly Omit<Role, 'level'>[]; everyone: readonly Permission[] },
  ): Promise<void>;
  /** What members with this level may; nothing is sent. */
  standingAt(roomId: RoomId, level: number): Promise<Standing>;
  assignRoles(roomId: RoomId, userId: UserId, ids: readonly string[]): Promise<void>;
  /** `until` null: they may write again. */
  muteMember(roomId: RoomId, userId: UserId, until: number | null): Promise<void>;
  setSlowMode(roomId: RoomId, seconds: number): Promise<void>;
  /** Messages of somebody since a time (ms), the newest first, a thousand at the most. */
  messagesBy(roomId: RoomId, userId: UserId, since: number): Promise<readonly EventId[]>;
  banned(roomId: RoomId): Promise<readonly Banned[]>;
  inviteLinks(roomId: RoomId): Promise<readonly InviteLink[]>;
  makeInviteLink(
    roomId: RoomId,
    options: { name: string; expiresTs: number | null; maxUses: number | null; approval: boolean },
  ): Promise<InviteLink>;
  revokeInviteLink(roomId: RoomId, token: string): Promise<void>;
  linkPreview(token: string): Promise<LinkPreview>;
  /** Resolves to the room, with `joined` false when one has asked to be let in. */
  followLink(token: string): Promise<{ readonly roomId: RoomId; readonly joined: boolean }>;
  /** Takes everyone out and leaves. */
  closeGroup(roomId: RoomId): Promise<void>;
  knock(roomIdOrAlias: string, reason: string): Promise<void>;
  adminLog(roomId: RoomId, from: string | null): Promise<Page<LogEntry>>;
  sharedMedia(roomId: RoomId, kind: MediaKind, from: string | null): Promise<Page<SharedItem>>;
  sharedCounts(roomId: RoomId): Promise<SharedCounts>;
  setNotify(roomId: RoomId, level: GroupFacts['notify'], until?: number): Promise<void>;
  /** `choice` null: as in all chats. */
  setWallpaper(roomId: RoomId, choice: WallpaperChoice | null): Promise<void>;
  setArchived(roomId: RoomId, archived: boolean): Promise<void>;
  /** Puts pinned chats in this order. */
  orderPinned(roomIds: readonly RoomId[]): Promise<void>;
}
