/** The extensions of a delta: account data, receipts, typing, counts, presence. Spec: MSC4508 and our own ones. */
import { asEvent, isObject, type Json, list, number, object, roomEntries, text, texts } from '../../model/events';
import { type Account, emptyRoom, type RoomData } from './account';
import type { Changes } from './changes';
import { CLEARED } from './cleared';
import { HEARD, HIDDEN, SAVED, STARS } from './own-data';
import { OWN_KINDS } from './own-view';

export const COUNTS = 'app.hearth.counts';
export const PRESENCE = 'app.hearth.presence';
export const PREVIEW = 'app.hearth.preview';
export const DRAFT = 'app.hearth.draft';

export function applyExtensions(account: Account, extensions: Json, changes: Changes): void {
  applyAccountData(account, object(extensions.account_data), changes);
  for (const [roomId, event] of roomEntries(object(extensions.receipts).rooms)) {
    applyReceipts(account, roomId, object(object(event).content), changes);
  }
  for (const [roomId, event] of roomEntries(object(extensions.typing).rooms)) {
    const others = texts(object(object(event).content).user_ids).filter((userId) => userId !== account.me);
    account.typing.set(roomId, others);
    changes.typing.add(roomId);
  }
  for (const [roomId, counts] of roomEntries(object(extensions[COUNTS]).rooms)) {
    applyCounts(account, roomId, object(counts), changes);
  }
  for (const [roomId, value] of roomEntries(object(extensions[PREVIEW]).rooms)) {
    const event = asEvent(value);
    if (event !== null && account.rooms.has(roomId)) {
      account.timeline(roomId).keep(event);
      changeRoom(account, roomId, changes, {});
    }
  }
  for (const [userId, value] of Object.entries(object(object(extensions[PRESENCE]).users))) {
    applyPresence(account, userId, object(value), changes);
  }
}

function applyCounts(account: Account, roomId: string, counts: Json, changes: Changes): void {
  const before = account.rooms.get(roomId)?.threadCounts ?? {};
  const threads = Object.entries(object(counts.threads)).map(
    ([root, one]) => [root, number(object(one).n, 0)] as const,
  );
  const threadCounts = Object.fromEntries(threads.filter(([, unread]) => unread > 0));
  for (const root of new Set([...Object.keys(before), ...Object.keys(threadCounts)])) {
    changes.event(roomId, root);
  }
  changeRoom(account, roomId, changes, {
    notifications: number(counts.n, 0),
    highlights: number(counts.h, 0),
    threadCounts,
  });
}

function changeRoom(account: Account, roomId: string, changes: Changes, fields: Partial<RoomData>): void {
  const room = account.rooms.get(roomId) ?? emptyRoom(roomId);
  account.rooms.set(roomId, { ...room, ...fields });
  changes.rooms.add(roomId);
}

function applyAccountData(account: Account, data: Json, changes: Changes): void {
  for (const event of list(data.global).map(object)) {
    setAccountData(account, text(event.type), object(event.content), changes);
  }
  for (const [roomId, events] of roomEntries(data.rooms)) {
    for (const event of list(events).map(object)) {
      setRoomAccountData(account, roomId, text(event.type), object(event.content), changes);
    }
  }
}

/** Global account data; `m.direct` and `m.push_rules` change how rooms look. */
export function setAccountData(account: Account, type: string, content: Json, changes: Changes): void {
  account.accountData.set(type, content);
  changes.put('kv', `account_data ${type}`, content);
  changes.own ||= OWN_KINDS.has(type);
  if (type === 'm.direct' || type === 'm.push_rules' || type === SAVED) {
    for (const roomId of account.rooms.keys()) {
      changes.rooms.add(roomId);
    }
  }
  if (type === STARS) {
    for (const roomId of account.timelines.keys()) {
      changes.event(roomId, '*');
    }
  }
}

export function setRoomAccountData(
  account: Account,
  roomId: string,
  type: string,
  content: Json,
  changes: Changes,
): void {
  const known = account.rooms.get(roomId)?.accountData ?? {};
  changeRoom(account, roomId, changes, { accountData: { ...known, [type]: content } });
  if (type === DRAFT) {
    changes.drafts.add(roomId);
  }
  if (type === HIDDEN || type === HEARD || type === CLEARED) {
    changes.event(roomId, '*');
  }
}

/** Content of an `m.receipt` event. Those of threads are kept apart from those of the main timeline. */
function applyReceipts(account: Account, roomId: string, content: Json, changes: Changes): void {
  const room = account.rooms.get(roomId) ?? emptyRoom(roomId);
  const readers = { ...room.readers };
  const threadReaders: Record<string, Record<string, string>> = { ...room.threadReaders };
  let myRead = room.myRead;
  for (const [eventId, types] of Object.entries(content)) {
    for (const type of ['m.read', 'm.read.private']) {
      for (const [userId, value] of Object.entries(object(object(types)[type]))) {
        const receipt = object(value);
        const thread = receipt.thread_id;
        if (!isObject(value) || !userId.startsWith('@')) {
          continue;
        }
        if (typeof thread === 'string' && thread !== 'main') {
          if (userId !== account.me && thread.startsWith('$')) {
            threadReaders[thread] = { ...threadReaders[thread], [userId]: eventId };
          }
          continue;
        }
        const read = { eventId, ts: number(receipt.ts, 0) };
        if (userId === account.me) {
          myRead = myRead === null || read.ts >= myRead.ts ? read : myRead;
        } else if (read.ts >= (readers[userId]?.ts ?? 0)) {
          readers[userId] = read;
        }
      }
    }
  }
  changeRoom(account, roomId, changes, { readers, myRead, threadReaders });
  changes.event(roomId, '*');
}

function applyPresence(account: Account, userId: string, value: Json, changes: Changes): void {
  const presence = value.presence;
  if (presence === 'online' || presence === 'unavailable' || presence === 'offline') {
    const ago = value.last_active_ago;
    account.presence.set(userId, { presence, lastActiveTs: typeof ago === 'number' ? Date.now() - ago : null });
    changes.presence.add(userId);
  }
}
