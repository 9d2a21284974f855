/**
 * One delta's body (an answer of `/v4/sync`) applied to the account. Spec: MSC4186 as accepted. An absent field means
 * "unchanged", unless the room is `initial`. The timelines of the rooms it names must have been loaded before.
 */
import {
  asEvents,
  asState,
  isObject,
  type Json,
  list,
  type MatrixEvent,
  number,
  object,
  roomEntries,
  type StateEvent,
  text,
  textOrNull,
} from '../../model/events';
import { type Account, emptyRoom, type RoomData, stateKey } from './account';
import { answeredBy } from './answers';
import type { Changes } from './changes';
import { dropEchoed, dropLost } from './echoes';
import { applyExtensions } from './extensions';
import { applyMember, asMembership, avatarOf, heroesOf, withPrevContent } from './members';
import { previewOf } from './views';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function applyBody(account: Account, body: Json, changes: Changes): void {
  for (const [roomId, result] of roomEntries(body.rooms)) {
    applyRoom(account, roomId, object(result), changes);
  }
  applyExtensions(account, object(body.extensions), changes);
  for (const entry of Object.values(object(body.lists))) {
    account.listCount = Math.max(account.listCount ?? 0, number(object(entry).count, 0));
  }
  if (!account.listReady) {
    account.listReady = true;
    changes.order = true;
  }
  for (const roomId of changes.rooms) {
    finishRoom(account, roomId, changes);
  }
}

/** Brings what follows from the rest of a room up to date, and notes its records for writing. */
export function finishRoom(account: Account, roomId: string, changes: Changes): void {
  const room = account.rooms.get(roomId);
  if (room === undefined) {
    return;
  }
  const fresh = { ...room, preview: previewOf(account, room) };
  account.rooms.set(roomId, fresh);
  changes.put('rooms', roomId, fresh);
  changes.order = true;
  const timeline = account.timelines.get(roomId);
  if (timeline !== undefined && changes.timelines.has(roomId)) {
    const { record, put, remove } = timeline.toStore();
    changes.put('timelines', roomId, record);
    for (const event of put) {
      changes.put('events', [roomId, event.event_id], { roomId, event });
    }
    for (const eventId of remove) {
      changes.delete('events', [roomId, eventId]);
    }
  }
}

function applyRoom(account: Account, roomId: string, result: Json, changes: Changes): void {
  const initial = result.initial === true;
  const known = account.rooms.get(roomId);
  const room: Mutable<RoomData> = known === undefined || initial ? freshRoom(roomId, known) : { ...known };
  room.membership = known === undefined || initial ? 'join' : room.membership;
  applySummary(room, result);
  account.rooms.set(roomId, room);
  changes.rooms.add(roomId);
  if (isObject(result.stripped_state) || Array.isArray(result.stripped_state)) {
    room.state = {};
    room.membership = asMembership(result.membership) ?? 'invite';
    applyState(
      account,
      room,
      list(result.stripped_state).flatMap((event) => asState(event) ?? []),
      changes,
    );
  }
  const events = asEvents(result.timeline);
  if (events.length > 0 || result.prev_batch !== undefined) {
    applyTimeline(account, room, result, events, changes);
  }
  applyState(
    account,
    room,
    list(result.required_state).flatMap((event) => asState(event) ?? []),
    changes,
  );
  room.membership =
    asMembership(result.membership) ?? account.member(roomId, account.me)?.membership ?? room.membership;
  if (result.limited === true) {
    room.membersComplete = false;
  }
}

/** A room that is sent anew: only what comes with other extensions, or from ourselves, stays. */
function freshRoom(roomId: string, known: RoomData | undefined): RoomData {
  const fresh = emptyRoom(roomId);
  if (known === undefined) {
    return fresh;
  }
  const { accountData, notifications, highlights, readers, myRead, preview } = known;
  return { ...fresh, accountData, notifications, highlights, readers, myRead, preview };
}

function applySummary(room: Mutable<RoomData>, result: Json): void {
  if (result.name !== undefined) {
    room.serverName = textOrNull(result.name);
  }
  if (result.avatar !== undefined) {
    room.serverAvatar = avatarOf(result.avatar);
  }
  if (result.heroes !== undefined) {
    room.heroes = heroesOf(result.heroes);
  }
  if (result.is_dm !== undefined) {
    room.isDm = result.is_dm === true;
  }
  room.joined = number(result.joined_count, room.joined);
  room.invited = number(result.invited_count, room.invited);
  room.bumpStamp = number(result.bump_stamp, room.bumpStamp);
}

function applyState(account: Account, room: Mutable<RoomData>, events: readonly StateEvent[], changes: Changes): void {
  for (const event of events) {
    if (event.type === 'm.room.member') {
      applyMember(account, room.id, event, changes);
      continue;
    }
    const key = stateKey(event.type, event.state_key);
    if (event.type === 'm.room.power_levels') {
      noteLevels(account, room, event, changes);
    }
    if (event.content === null) {
      const { [key]: _gone, ...rest } = room.state;
      room.state = rest;
    } else {
      room.state = { ...room.state, [key]: event };
    }
    if (event.type === 'm.room.encryption' && event.state_key === '' && event.content !== null) {
      account.encrypted.add(room.id);
      changes.put('encrypted', room.id, room.id);
    }
  }
}

/** Members whose level is another one now look different. */
function noteLevels(account: Account, room: RoomData, event: StateEvent, changes: Changes): void {
  const known = account.members.get(room.id);
  const before = room.state[stateKey(event.type)]?.content ?? {};
  const after = event.content ?? {};
  const [old, now] = [object(before.users), object(after.users)];
  const others = before.users_default === after.users_default ? [] : (known?.keys() ?? []);
  for (const userId of [...Object.keys({ ...old, ...now }).filter((id) => old[id] !== now[id]), ...others]) {
    if (known?.has(userId)) {
      changes.member(room.id, userId);
    }
  }
}

function applyTimeline(
  account: Account,
  room: Mutable<RoomData>,
  result: Json,
  events: readonly MatrixEvent[],
  changes: Changes,
): void {
  const timeline = account.timeline(room.id);
  const gap = result.limited === true || result.initial === true || result.expanded_timeline === true;
  // Of a resent timeline only the last `num_live` events are news; older state in it may long be replaced.
  const live = result.expanded_timeline === true ? number(result.num_live, 0) : events.length;
  const firstLive = events.length - live;
  const filled = events.map((event, index) => {
    if (event.state_key === undefined || timeline.event(event.event_id) !== undefined || index < firstLive) {
      return event;
    }
    const whole = event.type === 'm.room.member' ? withPrevContent(account, room.id, event) : event;
    applyState(account, room, [{ ...whole, state_key: event.state_key }], changes);
    return whole;
  });
  const token = textOrNull(result.prev_batch);
  const touched = timeline.addLive(filled, { gap, older: token === null ? null : { token } });
  for (const id of [...touched, ...answeredBy(timeline, filled, account.me)]) {
    changes.event(room.id, id);
  }
  dropEchoed(account, room.id, filled, changes);
  if (gap && result.initial !== true) {
    dropLost(account, room.id, changes);
  }
  changes.timelines.add(room.id);
  if (text(result.membership) === 'leave') {
    account.typing.delete(room.id);
  }
}
