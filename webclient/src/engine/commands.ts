/** The commands of the pages, by name. Those that say what a page looks at get the page first. */

import { editContent, reactionContent, type Written } from '../model/drafting';
import { text } from '../model/events';
import { roomOfView, rootOfView } from '../model/view-ids';
import type { Commands } from '../store/contract';
import { failure } from './api/http';
import type { Core } from './core';
import { requireJoined } from './joined';
import type { Loader } from './loader';
import { mediaPath } from './media';
import type { Messages } from './messages';
import { ownCommands } from './own';
import type { People } from './people';
import { pollCommands } from './polls';
import type { Page } from './publisher';
import type { RareCommands } from './rare-commands';
import type { Reading } from './reading';
import type { SendQueue } from './send/queue';
import type { Fragment } from './sync/fragments';
import { seenOf } from './sync/items';
import { threadCommands } from './threads';

const UPLOAD_MS = 10 * 60_000;

/** Commands of a signed-in account; the others are the engine's own. */
export type AccountCommands = Omit<
  Commands,
  | 'discover'
  | 'usernameAvailable'
  | 'login'
  | 'loginByToken'
  | 'requestSmsCode'
  | 'loginBySms'
  | 'signInState'
  | 'register'
  | 'logout'
  | 'reconnect'
  | 'openRoom'
  | 'closeRoom'
  | 'setDraft'
  | 'setVisible'
>;

/** What the commands are made of. */
export interface Parts extends Core {
  readonly queue: SendQueue;
  readonly loader: Loader;
  readonly messages: Messages;
  readonly reading: Reading;
  readonly people: People;
  deviceId(): string;
  look(page: Page, roomId: string, anchor: string | null): void;
  viewed(page: Page, roomId: string): Fragment | null;
  /** Tells the page more of what is here; false when it knows all of it. */
  older(page: Page, roomId: string): boolean;
}

/** Those that are there from the start; the others come with `rare-commands.ts`. */
export function accountCommands(parts: Parts, page: Page): Omit<AccountCommands, keyof RareCommands> {
  const { queue, loader, messages, reading, people } = parts;
  const more = (roomId: string, end: 'older' | 'newer') => loader.more(roomId, parts.viewed(page, roomId), end);
  return {
    ...ownCommands(parts, () => parts.deviceId()),
    ...pollCommands(parts),
    ...threadCommands(parts),
    loadOlder: async (view) => {
      const root = rootOfView(view);
      if (root !== null) {
        await loader.olderOfThread(roomOfView(view), root);
      } else if (!parts.older(page, view)) {
        await more(view, 'older');
      }
    },
    loadNewer: (roomId) => more(roomId, 'newer'),
    loadAround: async (roomId, eventId) => {
      const key = await loader.around(roomId, eventId);
      parts.look(page, roomId, eventId);
      return key;
    },
    showLive: async (roomId) => parts.look(page, roomId, null),
    loadMembers: (roomId) => loader.members(roomId),

    sendMessage: async (roomId, draft) => {
      requireJoined(parts, roomId);
      return messages.sendText(roomId, { ...draft, ...requireText(draft) });
    },
    sendFiles: async (roomId, draft) => {
      requireJoined(parts, roomId);
      await messages.sendFiles(roomId, draft);
    },
    edit: async (roomId, eventId, written) => {
      requireJoined(parts, roomId);
      const timeline = parts.account.timelines.get(roomId);
      const original = timeline?.event(eventId);
      const content = editContent(
        requireText(written),
        eventId,
        original === undefined || timeline === undefined ? {} : timeline.contentOf(original),
      );
      await queue.add({ roomId, kind: 'edit', target: eventId, type: 'm.room.message', content });
    },
    forward: async (draft) => {
      for (const roomId of draft.to) {
        requireJoined(parts, roomId);
      }
      await messages.forward(draft);
    },
    previews: (roomId, eventIds) => messages.previews(roomId, eventIds),
    seenBy: async (roomId, eventId) => seenOf(parts.account, await parts.timeline(roomId), eventId),
    wordings: (roomId, eventId) => messages.wordings(roomId, eventId),
    pin: (roomId, eventId, pinned) => people.pin(roomId, eventId, pinned),
    unpinAll: (roomId) => people.setState(roomId, 'm.room.pinned_events', { pinned: [] }),
    setStar: (roomId, eventId, starred) => messages.setStar(roomId, eventId, starred),
    starred: (roomId) => messages.starred(roomId),
    hide: (roomId, eventIds) => messages.hide(roomId, eventIds),
    clearHistory: async (roomId) => {
      await messages.clear(roomId);
      await reading.markRead(roomId);
    },
    markHeard: (roomId, eventId) => messages.markHeard(roomId, eventId),
    openSaved: () => messages.openSaved(),
    localFile: (key) => parts.blob(key),
    loadMedia: (mxc, size) => parts.download(mediaPath(mxc, size)),
    uploadFile: (file, name) =>
      parts.upload(file, { name, signal: AbortSignal.timeout(UPLOAD_MS), progress: () => undefined }),
    checkToken: async () => {
      await parts.http({ method: 'GET', path: '/_matrix/client/v3/account/whoami' });
    },
    redact: async (roomId, eventId, reason) => {
      requireJoined(parts, roomId);
      const content = reason === undefined ? {} : { reason };
      await queue.add({ roomId, kind: 'redaction', target: eventId, type: 'm.room.redaction', content });
    },
    react: (roomId, eventId, key) => react(parts, roomId, eventId, key),
    retry: (roomId, key) => queue.retry(roomId, key),
    cancelLocal: (roomId, key) => queue.cancel(roomId, key),
    setTyping: (roomId, typing) => reading.typing(roomId, typing),
    markRead: (roomId, eventId) => reading.markRead(roomId, eventId),
    markUnread: (roomId, unread) => reading.markUnread(roomId, unread),

    createPrivateChat: (userId) => people.createPrivateChat(userId),
    createGroup: (name, invites) => people.createGroup(name, invites),
    join: (roomIdOrAlias, via) => people.join(roomIdOrAlias, via),
    leave: (roomId) => people.leave(roomId),
    invite: (roomId, userId, reason) => people.change('invite', roomId, userId, reason),
    kick: (roomId, userId, reason) => people.change('kick', roomId, userId, reason),
    ban: (roomId, userId, reason) => people.change('ban', roomId, userId, reason),
    unban: (roomId, userId) => people.change('unban', roomId, userId),
    setRoomName: (roomId, name) => people.setState(roomId, 'm.room.name', { name: name.trim() }),
    setRoomTopic: (roomId, topic) => people.setState(roomId, 'm.room.topic', { topic }),
    setPinned: (roomId, pinned) => people.setPinned(roomId, pinned),
    setMuted: (roomId, muted) => people.setMuted(roomId, muted),
    setPower: (roomId, userId, level) => people.setPower(roomId, userId, level),
    searchUser: (userId) => people.profile(userId),
    setDisplayName: (name) => people.setDisplayName(name),
  };
}

/** Adds my reaction; or takes it back, wherever it has got to. */
async function react(core: Parts, roomId: string, target: string, key: string): Promise<void> {
  const { account, queue } = core;
  requireJoined(core, roomId);
  const content = reactionContent(target, key);
  // What is being taken back is there no more: the next press gives it again.
  const withdrawn = account.opsOf(roomId).flatMap((op) => (op.kind === 'redaction' ? [op.target] : []));
  const own = account.opsOf(roomId).find((op) => {
    const relation = op.content['m.relates_to'] as { readonly key?: unknown } | undefined;
    const isIt = op.kind === 'reaction' && op.target === target && text(relation?.key) === key;
    return isIt && !withdrawn.includes(op.eventId);
  });
  const sent = [...(account.timelines.get(roomId)?.reactionsTo(target) ?? [])].find(
    ([id, reaction]) => reaction.key === key && reaction.sender === account.me && !withdrawn.includes(id),
  );
  const eventId = sent?.[0] ?? own?.eventId ?? null;
  if (eventId !== null) {
    await queue.add({ roomId, kind: 'redaction', target: eventId, type: 'm.room.redaction', content: {} });
  } else if (own === undefined) {
    await queue.add({ roomId, kind: 'reaction', target, type: 'm.reaction', content });
  } else {
    await queue.forget(own);
  }
}

function requireText(written: Written): Written {
  const trimmed = written.text.trim();
  if (trimmed === '') {
    throw failure('M_INVALID_PARAM', 'an empty message');
  }
  return { ...written, text: trimmed };
}
