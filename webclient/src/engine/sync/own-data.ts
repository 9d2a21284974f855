/** My own marks in account data: stars, what I hid from myself, the room of my notes. Spec of the names: docs/extensions.md. */
import { type Json, list, number, object, text, textOrNull, texts } from '../../model/events';
import type { Account } from './account';

export const STARS = 'app.hearth.stars';
export const HIDDEN = 'app.hearth.hidden';
export const HEARD = 'app.hearth.heard';
export const SAVED = 'app.hearth.saved';

export interface Star {
  readonly roomId: string;
  readonly eventId: string;
  readonly ts: number;
}

interface Stars {
  readonly list: readonly Star[];
  readonly ids: ReadonlySet<string>;
}

// Contents never change, and each row asks for them.
const readStars = new WeakMap<Json, Stars>();
const readIds = new WeakMap<Json, ReadonlySet<string>>();
const NOTHING: Json = {};

/** Starred messages, the newest star first. */
export function starsOf(account: Account): Stars {
  const content = account.accountData.get(STARS) ?? NOTHING;
  const known = readStars.get(content);
  if (known !== undefined) {
    return known;
  }
  const stars = list(content.stars)
    .map(object)
    .map((star) => ({ roomId: text(star.room), eventId: text(star.event), ts: number(star.ts, 0) }))
    .filter((star) => star.roomId.startsWith('!') && star.eventId !== '');
  const read = { list: stars, ids: new Set(stars.map((star) => star.eventId)) };
  readStars.set(content, read);
  return read;
}

/** Events of a room that I took out of my own sight. */
export function hiddenIn(account: Account, roomId: string): ReadonlySet<string> {
  return idsIn(account, roomId, HIDDEN);
}

/** Voice messages of a room that I have heard. */
export function heardIn(account: Account, roomId: string): ReadonlySet<string> {
  return idsIn(account, roomId, HEARD);
}

function idsIn(account: Account, roomId: string, type: string): ReadonlySet<string> {
  const content = account.rooms.get(roomId)?.accountData[type] ?? NOTHING;
  const known = readIds.get(content) ?? new Set(texts(content.ids));
  readIds.set(content, known);
  return known;
}

/** The room of my own notes, if there is one. */
export function savedRoom(account: Account): string | null {
  return textOrNull((account.accountData.get(SAVED) ?? NOTHING).room_id);
}
