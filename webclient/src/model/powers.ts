/** Power levels as a member sees them. Spec: Client-Server API, m.room.power_levels; Room Version 12 for creators. */
import { type Json, number, object, texts } from './events';

/** More than any level that can be given: creators of rooms of version 12 and later. */
export const CREATOR_LEVEL = Number.MAX_SAFE_INTEGER;

export interface Powers {
  readonly users: Readonly<Record<string, number>>;
  readonly usersDefault: number;
  /** Needed level by action. */
  readonly need: {
    readonly invite: number;
    readonly kick: number;
    readonly ban: number;
    readonly redact: number;
    readonly notifyRoom: number;
    readonly event: (type: string) => number;
    readonly state: (type: string) => number;
  };
}

const CREATORS_ABOVE_ALL = 12;

/** Levels from the power levels event (null if there is none) and the create event with its sender. */
export function powersOf(levels: Json | null, create: Json, creator: string): Powers {
  const users: Record<string, number> = {};
  for (const [userId, level] of Object.entries(object(levels?.users))) {
    users[userId] = number(level, 0);
  }
  const version = Number.parseInt(String(create.room_version ?? '1'), 10);
  if (version >= CREATORS_ABOVE_ALL) {
    for (const userId of [creator, ...texts(create.additional_creators)]) {
      users[userId] = CREATOR_LEVEL;
    }
  } else if (levels === null && creator !== '') {
    users[creator] = 100;
  }
  const events = object(levels?.events);
  const ofEvent = (type: string, otherwise: number) => number(events[type], otherwise);
  return {
    users,
    usersDefault: number(levels?.users_default, 0),
    need: {
      invite: number(levels?.invite, 0),
      kick: number(levels?.kick, 50),
      ban: number(levels?.ban, 50),
      redact: number(levels?.redact, 50),
      notifyRoom: number(object(levels?.notifications).room, 50),
      event: (type) => ofEvent(type, number(levels?.events_default, 0)),
      state: (type) => ofEvent(type, number(levels?.state_default, levels === null ? 0 : 50)),
    },
  };
}

export function levelOf(powers: Powers, userId: string): number {
  return powers.users[userId] ?? powers.usersDefault;
}
