/** What the stream is asked for: the whole chat list with little of each room, and much of the rooms that are open. */
import type { Json } from '../model/events';
import { COUNTS, PRESENCE, PREVIEW } from './sync/extensions';

/** Rooms that a fresh list starts with; the rest follows once these are shown. */
export const FIRST_ROOMS = 30;
const RECENT_ROOMS = 5;
const OPEN_LIMIT = 40;

export interface Wanted {
  readonly me: string;
  /** Rooms looked at, the latest last. */
  readonly recent: readonly string[];
  readonly open: readonly string[];
  /** Whose presence the list shows, besides the members of open rooms. */
  readonly people: readonly string[];
  readonly wholeList: boolean;
  readonly visible: boolean;
}

const STATE_FOR_LIST = [
  'm.room.create',
  'm.room.encryption',
  'm.room.name',
  'm.room.avatar',
  'm.room.canonical_alias',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.power_levels',
  'm.room.tombstone',
  'm.room.pinned_events',
];

export function subscription(wanted: Wanted): Json {
  const own = { type: 'm.room.member', state_key: wanted.me };
  const byNumber = { type: 'm.room.third_party_invite' };
  const children = { type: 'm.space.child' };
  const include = [...STATE_FOR_LIST.map((type) => ({ type, state_key: '' })), own, byNumber, children];
  const rooms = [...new Set([...wanted.recent.slice(-RECENT_ROOMS), ...wanted.open])];
  return {
    lists: {
      all: {
        timeline_limit: 1,
        required_state: { include, lazy_members: true },
        ...(wanted.wholeList ? {} : { range: [0, FIRST_ROOMS - 1] }),
      },
    },
    room_subscriptions: Object.fromEntries(
      rooms.map((roomId) => [
        roomId,
        { timeline_limit: OPEN_LIMIT, required_state: { include: [{}], lazy_members: true } },
      ]),
    ),
    extensions: {
      account_data: { enabled: true },
      receipts: { enabled: true },
      typing: { enabled: true },
      [COUNTS]: { enabled: true },
      [PREVIEW]: { enabled: true },
      [PRESENCE]: { enabled: true, rooms: [...wanted.open], users: [...wanted.people] },
    },
    set_presence: wanted.visible ? 'online' : 'unavailable',
  };
}
