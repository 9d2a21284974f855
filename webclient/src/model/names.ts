/** Names of rooms and of people in them. Spec: Client-Server API, Calculating the display name for a room / user. */
import { localpart } from './events';

export interface Named {
  readonly userId: string;
  readonly displayName: string | null;
}

// Marks that turn the writing direction round can make a name pass for another one; they are never shown.
const INVISIBLE = /[\p{Cc}\p{Bidi_Control}]/gu;

/** A name fit to be shown: no direction marks, no control signs, trimmed, at most 255 long; null if nothing is left. */
export function cleanName(name: string | null): string | null {
  const clean = (name ?? '').replace(INVISIBLE, '').trim().slice(0, 255);
  return clean === '' ? null : clean;
}

export function plainName(person: Named): string {
  return cleanName(person.displayName) ?? localpart(person.userId);
}

/** The name in a room where `taken` tells how many present members have a name: the id is added when it is not alone. */
export function uniqueName(person: Named, taken: (name: string) => number): string {
  const name = cleanName(person.displayName);
  if (name === null) {
    return localpart(person.userId);
  }
  return taken(name) > 1 ? `${name} (${person.userId})` : name;
}

export interface RoomNaming {
  readonly name: string | null;
  readonly alias: string | null;
  /** Others of note, without me, at most five. */
  readonly heroes: readonly Named[];
  /** Joined and invited members, with me. */
  readonly people: number;
}

/**
 * The room's name, or '' when there is nobody to name it after. More people than heroes show as "Ann, Bob +3": needs no
 * words, so that it reads the same in each language.
 */
export function roomName(room: RoomNaming): string {
  const own = cleanName(room.name) ?? cleanName(room.alias);
  if (own !== null) {
    return own;
  }
  const names = room.heroes.map(plainName);
  const more = room.people - 1 - names.length;
  return names.length === 0 ? '' : names.join(', ') + (more > 0 ? ` +${more}` : '');
}
