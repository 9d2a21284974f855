/** The order of the chat list. */
import { number, object, text, textOrNull } from '../../model/events';
import type { Account, RoomData } from './account';
import { DRAFT } from './extensions';

/** Joined rooms that are no spaces (pinned first, then newest first), and invitations. */
export function roomOrder(account: Account): { rooms: string[]; invites: string[] } {
  const rows = [...account.rooms.values()].map((room) => {
    const tag = object(object(object(room.accountData['m.tag']).tags)['m.favourite']);
    const pinned = object(object(room.accountData['m.tag']).tags)['m.favourite'] !== undefined;
    const pending = account.opsOf(room.id).some((op) => op.kind === 'message');
    return {
      room,
      pinnedAt: pinned ? number(tag.order, 2) : Number.POSITIVE_INFINITY,
      bump: pending ? Number.POSITIVE_INFINITY : room.bumpStamp,
      ts: room.preview?.ts ?? 0,
      draftTs: draftTs(room),
      space: account.content(room.id, 'm.room.create').type === 'm.space',
    };
  });
  // The server's stamps are no times: what is being written lies above all that was said before.
  for (const row of rows.filter((one) => one.draftTs > 0)) {
    row.bump = Math.max(row.bump, ...rows.filter((one) => one.ts <= row.draftTs).map((one) => one.room.bumpStamp));
  }
  rows.sort(
    (a, b) =>
      compare(a.pinnedAt, b.pinnedAt) ||
      compare(b.bump, a.bump) ||
      b.draftTs - a.draftTs ||
      (a.room.id < b.room.id ? -1 : 1),
  );
  const ids = (membership: string) =>
    rows.filter((row) => row.room.membership === membership).map((row) => row.room.id);
  const spaces = new Set(rows.filter((row) => row.space).map((row) => row.room.id));
  return { rooms: ids('join').filter((id) => !spaces.has(id) && !goesOn(account, id)), invites: ids('invite') };
}

/** Whether a room was replaced by one that I am in, and that says so too: then that one stands for both. */
function goesOn(account: Account, roomId: string): boolean {
  const next = textOrNull(account.content(roomId, 'm.room.tombstone').replacement_room);
  if (next === null || account.rooms.get(next)?.membership !== 'join') {
    return false;
  }
  return text(object(account.content(next, 'm.room.create').predecessor).room_id) === roomId;
}

/** When something was written that was not sent; 0 for nothing. */
function draftTs(room: RoomData): number {
  const draft = object(room.accountData[DRAFT]);
  return text(draft.text) === '' ? 0 : number(draft.ts, 0);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
