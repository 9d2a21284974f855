/** Which pages lie over the columns. Plain signals, of this page of the browser alone. */
import { createSignal } from 'solid-js';
import type { RoomId } from './contract';

export type LeftPage =
  | 'settings'
  | 'profile'
  | 'notifications'
  | 'privacy'
  | 'phone'
  | 'blocked'
  | 'appearance'
  | 'sessions'
  | 'language'
  | 'storage'
  | 'folders'
  | 'keyboard'
  | 'contacts'
  | 'archive'
  | 'space'
  | 'explore'
  | 'new-group';

export type RightPage =
  | 'edit'
  | 'access'
  | 'roles'
  | 'links'
  | 'banned'
  | 'requests'
  | 'log'
  | 'search'
  | 'packs'
  | 'wallpaper';

const [leftPages, setLeftPages] = createSignal<readonly LeftPage[]>([]);
const [rightPages, setRightPages] = createSignal<readonly RightPage[]>([]);

/** The stacks of pages over the chat list, and over the information of the open chat; the last lies on top. */
export { leftPages, rightPages };

export const openLeft = (page: LeftPage): void => {
  setLeftPages((all) => [...all.filter((one) => one !== page), page]);
};
export const closeLeft = (): void => {
  setLeftPages((all) => all.slice(0, -1));
};
export const closeAllLeft = (): void => {
  setLeftPages([]);
};
export const openRight = (page: RightPage): void => {
  setRightPages((all) => [...all.filter((one) => one !== page), page]);
};
export const closeRight = (): void => {
  setRightPages((all) => all.slice(0, -1));
};
export const closeAllRight = (): void => {
  setRightPages([]);
};

/** The chat list is folded to pictures. */
const stored = 'hearth.folded';
const [folded, setFoldedSignal] = createSignal(globalThis.localStorage?.getItem(stored) === 'yes');

export { folded };
export function setFolded(next: boolean): void {
  setFoldedSignal(next);
  localStorage.setItem(stored, next ? 'yes' : 'no');
}

/** The group that is looked at as members with a role see it: by the role's id, '' for those who have none. */
const [viewedAs, setViewedAs] = createSignal<{ readonly roomId: RoomId; readonly roleId: string }>();

export { setViewedAs, viewedAs };

/** Names of the server's features beyond the specification. */
const [features, setFeatures] = createSignal<ReadonlySet<string>>(new Set());

export { features, setFeatures };

type Feature =
  | 'roles'
  | 'invites'
  | 'restrict_until'
  | 'close_room'
  | 'slow_mode'
  | 'silent'
  | 'privacy'
  | 'search'
  | 'login.sms';

export const hasFeature = (name: Feature): boolean => features().has(`app.hearth.${name}`);

/** A link into a group that was opened with the page. */
const [joinLink, setJoinLink] = createSignal<string>();

export { joinLink, setJoinLink };

/** The room whose public page is looked at before joining. */
const [previewed, setPreviewed] = createSignal<{ readonly id: RoomId; readonly via: readonly string[] }>();

export { previewed, setPreviewed };

/** Whom a new group is open to, until its maker chooses otherwise. */
const [newAccess, setNewAccess] = createSignal<'private' | 'public'>('private');

export { newAccess };

export function openNewGroup(access: 'private' | 'public'): void {
  setNewAccess(access);
  openLeft('new-group');
}

/** The space whose rooms the page `space` shows. */
const [browsed, setBrowsed] = createSignal<{ readonly id: RoomId; readonly via: readonly string[] }>();

export { browsed };

/** Look at the rooms of a space. */
export function browseSpace(id: RoomId, via: readonly string[] = []): void {
  setBrowsed({ id, via });
  openLeft('space');
}

/** Words are looked for in the open chat. */
const [chatSearch, setChatSearch] = createSignal(false);

export { chatSearch, setChatSearch };
