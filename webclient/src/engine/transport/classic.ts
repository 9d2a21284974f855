/**
 * `GET /_matrix/client/v3/sync`, for servers that speak neither our stream nor `/v4/sync`: its answers are turned into
 * the bodies that the others give, so that nothing behind the transport knows the difference.
 */
import { type Json, list, number, object, roomEntries, text, textOrNull, texts } from '../../model/events';
import { type HttpAnswer, type HttpRequest, serverError } from '../api/http';
import { COUNTS, PRESENCE } from '../sync/extensions';
import type { SlidingEvents } from './sliding';
import type { ResumePoint, Subscription } from './types';

const POLL_MS = 30_000;
/** A first sync of many rooms takes a server long. */
const FIRST_MS = 300_000;
const SPARE_MS = 30_000;
/** Positions of other transports mean nothing here, and ours nothing there. */
const MARK = 'classic:';
const FILTER = JSON.stringify({
  room: { state: { lazy_load_members: true }, timeline: { limit: 20, unread_thread_notifications: true } },
});

export class ClassicLoop {
  private readonly whole = new AbortController();
  private position: string | null;
  private sub: Subscription;

  constructor(
    private readonly exchange: (request: HttpRequest) => Promise<HttpAnswer>,
    private readonly resume: ResumePoint | null,
    sub: Subscription,
    private readonly events: SlidingEvents & { readonly me: string },
  ) {
    this.position = resume?.pos.startsWith(MARK) === true ? resume.pos : null;
    this.sub = sub;
    void this.run();
  }

  subscribe(sub: Subscription): void {
    this.sub = sub;
  }

  stop(): void {
    this.whole.abort();
  }

  private async run(): Promise<void> {
    let isReady = false;
    let mustReset = this.resume !== null && this.position === null;
    while (!this.whole.signal.aborted) {
      try {
        if (mustReset) {
          mustReset = false;
          this.position = null;
          await this.events.reset();
        }
        const answer = await this.poll(isReady);
        if (this.whole.signal.aborted) {
          return;
        }
        if (answer === 'reset') {
          mustReset = true;
          continue;
        }
        if (!isReady) {
          isReady = true;
          this.events.ready();
        }
        const pos = MARK + text(answer.next_batch);
        const body = translated(answer, this.position === null, this.events.me);
        if (!(await this.events.delta({ prev: this.position, pos, more: false, body }))) {
          return;
        }
        this.position = pos;
      } catch (error) {
        if (!this.whole.signal.aborted) {
          this.events.failed(error);
        }
        return;
      }
    }
  }

  private async poll(wait: boolean): Promise<HttpAnswer['body'] | 'reset'> {
    const since = this.position?.slice(MARK.length);
    const timeout = wait ? POLL_MS : 0;
    const answer = await this.exchange({
      method: 'GET',
      path: '/_matrix/client/v3/sync',
      query: { filter: FILTER, timeout, since, set_presence: textOrNull(this.sub.set_presence) ?? undefined },
      signal: this.whole.signal,
      timeoutMs: since === undefined ? FIRST_MS : timeout + SPARE_MS,
    });
    if (answer.status === 400 && since !== undefined) {
      return 'reset';
    }
    if (answer.status !== 200) {
      throw serverError(answer.status, object(answer.body));
    }
    return answer.body;
  }
}

/** An answer of `/v3/sync` in the shape of one of `/v4/sync`. `first`: it started from nothing. */
export function translated(answer: Json, first: boolean, me: string): Json {
  const sections = object(answer.rooms);
  const rooms: Record<string, Json> = {};
  for (const [roomId, room] of roomEntries(sections.join)) {
    rooms[roomId] = joined(object(room), first);
  }
  for (const [roomId, room] of roomEntries(sections.leave)) {
    rooms[roomId] = { ...joined(object(room), false), ...lastMembership(object(room), me) };
  }
  for (const [roomId, room] of roomEntries(sections.invite)) {
    rooms[roomId] = stripped('invite', object(object(room).invite_state).events);
  }
  for (const [roomId, room] of roomEntries(sections.knock)) {
    rooms[roomId] = stripped('knock', object(object(room).knock_state).events);
  }
  return { rooms, extensions: extensions(answer, roomEntries(sections.join)) };
}

function joined(room: Json, first: boolean): Json {
  const timeline = object(room.timeline);
  const events = list(timeline.events).map(object);
  const summary = object(room.summary);
  const heroes = summary['m.heroes'];
  const stamp = bumpStamp(events);
  return {
    membership: 'join',
    ...(first ? { initial: true } : {}),
    ...(events.length > 0 ? { timeline: events, num_live: first ? 0 : events.length } : {}),
    ...(timeline.limited === true ? { limited: true } : {}),
    ...(timeline.prev_batch === undefined || events.length === 0 ? {} : { prev_batch: timeline.prev_batch }),
    required_state: stateNow(list(room.state === undefined ? [] : object(room.state).events).map(object), events),
    ...(heroes === undefined ? {} : { heroes: texts(heroes).map((userId) => ({ user_id: userId })) }),
    ...(summary['m.joined_member_count'] === undefined ? {} : { joined_count: summary['m.joined_member_count'] }),
    ...(summary['m.invited_member_count'] === undefined ? {} : { invited_count: summary['m.invited_member_count'] }),
    ...(stamp === null ? {} : { bump_stamp: stamp }),
  };
}

/** State is told as it was before the timeline: what the timeline changed comes on top. */
function stateNow(before: readonly Json[], events: readonly Json[]): Json[] {
  const now = new Map<string, Json>();
  for (const event of [...before, ...events]) {
    if (typeof event.state_key === 'string') {
      now.set(`${text(event.type)}\u0000${event.state_key}`, event);
    }
  }
  return [...now.values()];
}

/** Time of the newest message; of a room without any in sight, of its newest event. */
function bumpStamp(events: readonly Json[]): number | null {
  const messages = events.filter((event) => event.state_key === undefined);
  const counted = messages.length > 0 ? messages : events;
  return counted.length === 0 ? null : Math.max(...counted.map((event) => number(event.origin_server_ts, 0)));
}

function lastMembership(room: Json, me: string): Json {
  const own = [...list(object(room.state).events), ...list(object(room.timeline).events)]
    .map(object)
    .findLast((event) => event.type === 'm.room.member' && event.state_key === me);
  const membership = object(own?.content).membership;
  return { membership: membership === 'ban' ? 'ban' : 'leave' };
}

function stripped(membership: 'invite' | 'knock', events: unknown): Json {
  return { membership, initial: true, stripped_state: list(events), bump_stamp: Date.now() };
}

/** Here those of the whole room and of each thread with news; there those of threads are not in those of the room. */
function countsOf(room: Json): Json {
  const pair = (value: unknown) => {
    const unread = object(value);
    return { n: number(unread.notification_count, 0), h: number(unread.highlight_count, 0) };
  };
  const threads = Object.entries(object(room.unread_thread_notifications)).map(
    ([root, one]) => [root, pair(one)] as const,
  );
  const all = [pair(room.unread_notifications), ...threads.map(([, one]) => one)];
  const sum = (which: 'n' | 'h') => all.reduce((total, one) => total + one[which], 0);
  return { n: sum('n'), h: sum('h'), threads: Object.fromEntries(threads) };
}

function extensions(answer: Json, rooms: readonly (readonly [string, unknown])[]): Json {
  const typing: Record<string, Json> = {};
  const receipts: Record<string, Json> = {};
  const counts: Record<string, Json> = {};
  const data: Record<string, unknown> = {};
  for (const [roomId, value] of rooms) {
    const room = object(value);
    for (const event of list(object(room.ephemeral).events).map(object)) {
      if (event.type === 'm.typing') {
        typing[roomId] = event;
      } else if (event.type === 'm.receipt') {
        receipts[roomId] = event;
      }
    }
    if (typeof object(room.unread_notifications).notification_count === 'number') {
      counts[roomId] = countsOf(room);
    }
    const own = list(object(room.account_data).events);
    if (own.length > 0) {
      data[roomId] = own;
    }
  }
  const people = list(object(answer.presence).events)
    .map(object)
    .map((event) => [text(event.sender), object(event.content)] as const);
  return {
    account_data: { global: list(object(answer.account_data).events), rooms: data },
    typing: { rooms: typing },
    receipts: { rooms: receipts },
    [COUNTS]: { rooms: counts },
    [PRESENCE]: { users: Object.fromEntries(people) },
  };
}
