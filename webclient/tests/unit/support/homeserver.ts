/**
 * A homeserver in memory, as small as the engine's tests allow: rooms of events, one stream, the socket and its HTTP
 * twin. Deltas are computed from a position to now, as the real one does it, so any position can be resumed.
 */

import { failure } from '../../../src/engine/api/http';
import type { Upload } from '../../../src/engine/api/upload';
import type { Wire } from '../../../src/engine/transport/wire';
import type { Json, MatrixEvent } from '../../../src/model/events';
import { FakeWire } from './wire';

export const ME = '@ann:test';
const BASE = 'http://home.test';

interface Entry {
  readonly roomId: string;
  readonly event: MatrixEvent;
}

export interface RoomOptions {
  readonly encrypted?: boolean;
  readonly name?: string;
  readonly members?: readonly string[];
}

export class Homeserver {
  readonly log: Entry[] = [];
  readonly sends: { readonly roomId: string; readonly txnId: string; readonly body: unknown }[] = [];
  readonly wires: FakeWire[] = [];
  readonly calls: string[] = [];
  readonly accountData = new Map<string, Json>();
  readonly requests: { method: string; path: string; body: Json }[] = [];
  /** What the server does with the next sends: the answer is lost, or it is refused. */
  readonly trouble: ('lose' | 'refuse' | 'unreachable' | 'limit' | 'slow mode')[] = [];
  /** What other endpoints say; null: `{}`. Paths are as they were sent, below `/_matrix/client`. */
  answers: (method: string, path: string, query: URLSearchParams, body: Json) => [number, Json] | null = () => null;
  /** Contents of the files that were uploaded. */
  readonly uploads: string[] = [];
  readonly uploadTrouble: ('unreachable' | 'too large')[] = [];
  /** Uploads wait for this. */
  uploadsGoOn: Promise<void> = Promise.resolve();
  /** No more events of a room in one delta than this. */
  timelineLimit = 1000;
  /** A server that knows `/v3/sync` alone. */
  classic = false;
  socketsAllowed = true;
  /** While true no deltas go out over sockets. */
  silent = false;
  httpAllowed = true;
  token = 'token-1';
  refreshable = true;
  forgetPositions = false;
  private readonly txns = new Map<string, string>();
  private readonly rooms = new Map<string, RoomOptions>();
  private readonly extra: {
    readonly at: number;
    readonly extension: string;
    readonly roomId: string;
    readonly value: Json;
  }[] = [];
  private waiting: (() => void)[] = [];
  private nextId = 0;

  room(roomId: string, options: RoomOptions = {}): void {
    this.rooms.set(roomId, options);
    this.post(roomId, '@bob:test', 'm.room.create', {}, '');
    for (const member of [ME, ...(options.members ?? ['@bob:test'])]) {
      this.post(roomId, member, 'm.room.member', { membership: 'join', displayname: member.slice(1, 4) }, member);
    }
    if (options.name !== undefined) {
      this.post(roomId, '@bob:test', 'm.room.name', { name: options.name }, '');
    }
    if (options.encrypted === true) {
      this.post(roomId, '@bob:test', 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '');
    }
  }

  says(roomId: string, sender: string, body: string): MatrixEvent {
    return this.post(roomId, sender, 'm.room.message', { msgtype: 'm.text', body });
  }

  post(
    roomId: string,
    sender: string,
    type: string,
    content: Json,
    stateKey?: string,
    extra: Partial<MatrixEvent> = {},
  ): MatrixEvent {
    this.nextId += 1;
    const event: MatrixEvent = {
      type,
      sender,
      content,
      event_id: `$${this.nextId}`,
      origin_server_ts: 1_700_000_000_000 + this.nextId * 1000,
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      ...extra,
    };
    this.log.push({ roomId, event });
    this.wake();
    return event;
  }

  /** A change of an extension: receipts, typing, counts. */
  tell(extension: string, roomId: string, value: Json): void {
    // It takes a place in the stream of its own, so that positions tell it apart from what came before.
    this.log.push({ roomId: '', event: { type: 'none', sender: '', content: {}, event_id: '', origin_server_ts: 0 } });
    this.extra.push({ at: this.log.length, extension, roomId, value });
    this.wake();
  }

  /** Cuts every socket, as a killed server does. */
  cut(): void {
    for (const wire of this.wires.splice(0)) {
      wire.drop(1006);
    }
  }

  /** Body of what lies between two positions; null: from nothing. */
  body(from: number | null, to = this.log.length): Json {
    const rooms: Record<string, Json> = {};
    for (const roomId of this.rooms.keys()) {
      const fresh = this.log.slice(from ?? 0, to).filter((entry) => entry.roomId === roomId);
      if (fresh.length === 0) {
        continue;
      }
      const initial = !this.log.slice(0, from ?? 0).some((entry) => entry.roomId === roomId);
      const shown = fresh.slice(-this.timelineLimit);
      const limited = shown.length < fresh.length;
      const state = fresh.filter(({ event }) => event.state_key !== undefined).map(({ event }) => event);
      rooms[roomId] = {
        ...(initial ? { initial: true } : {}),
        membership: 'join',
        bump_stamp: to,
        joined_count: 2,
        required_state: newest(state),
        timeline: shown.map(({ event }) => event),
        limited,
        num_live: shown.length,
        prev_batch: String(this.log.findIndex((entry) => entry.event === shown[0]?.event)),
      };
    }
    const extensions: Record<string, { rooms: Record<string, Json> }> = {};
    for (const { extension, roomId, value } of this.extra.filter(({ at }) => at > (from ?? 0) && at <= to)) {
      extensions[extension] = { rooms: { ...extensions[extension]?.rooms, [roomId]: value } };
    }
    return { lists: { all: { count: this.rooms.size } }, rooms, extensions };
  }

  readonly connect = (url: string): Wire => {
    const wire = new FakeWire(this);
    this.calls.push(`connect ${url}`);
    queueMicrotask(() => (this.socketsAllowed && !this.classic ? wire.accept() : wire.drop(1006)));
    return wire;
  };

  readonly upload: Upload = async ({ url, token, body, signal, progress }) => {
    this.calls.push(`POST ${new URL(url).pathname}`);
    await this.uploadsGoOn;
    if (signal.aborted) {
      throw failure('CANCELLED', 'the upload was given up');
    }
    const trouble = this.uploadTrouble.shift();
    if (trouble === 'unreachable') {
      throw failure('NETWORK', 'no answer');
    }
    if (trouble === 'too large') {
      return { status: 413, text: JSON.stringify({ errcode: 'M_TOO_LARGE', error: 'too large' }) };
    }
    if (token !== this.token) {
      return { status: 401, text: '{"errcode":"M_UNKNOWN_TOKEN","soft_logout":true}' };
    }
    progress(body.size);
    this.uploads.push(await body.text());
    return { status: 200, text: JSON.stringify({ content_uri: `mxc://test/file${this.uploads.length}` }) };
  };

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const url = new URL(input);
    const method = init.method ?? 'GET';
    this.calls.push(`${method} ${url.pathname}`);
    if (!this.httpAllowed || url.origin !== BASE) {
      throw new TypeError('unreachable');
    }
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Json) : {};
    const bearer = new Headers(init.headers).get('Authorization');
    const [status, answer] = await this.http(
      method,
      url,
      body,
      bearer === null ? null : bearer.slice('Bearer '.length),
      init.signal,
    );
    return new Response(JSON.stringify(answer), { status });
  };

  perform(method: string, p: Json): [number, Json] {
    if (method === 'send' || method === 'redact') {
      return this.send(String(p.room_id), String(p.txn_id), method, p);
    }
    if (method === 'messages') {
      return [200, this.messages(String(p.room_id), String(p.dir), Number(p.from), Number(p.limit))];
    }
    if (method === 'context') {
      return [200, this.context(String(p.room_id), String(p.event_id))];
    }
    if (method === 'event') {
      const found = this.log.find(({ event }) => event.event_id === p.event_id);
      return found === undefined ? [404, { errcode: 'M_NOT_FOUND' }] : [200, { ...found.event }];
    }
    if (method === 'state') {
      this.post(String(p.room_id), ME, String(p.type), p.content as Json, String(p.state_key));
    }
    if (method === 'account_data') {
      this.accountData.set(String(p.type), p.content as Json);
    }
    this.requests.push({ method, path: '', body: p });
    return [200, {}];
  }

  private send(roomId: string, txnId: string, method: string, p: Json): [number, Json] {
    const trouble = this.trouble.shift();
    if (trouble === 'unreachable') {
      this.cut();
      return [0, {}];
    }
    if (trouble === 'slow mode') {
      return [429, { errcode: 'M_LIMIT_EXCEEDED', error: 'slow mode', retry_after_ms: 3_600_000 }];
    }
    if (trouble === 'limit') {
      return [429, { errcode: 'M_LIMIT_EXCEEDED', error: 'slow down', retry_after_ms: 20 }];
    }
    if (trouble === 'refuse') {
      return [403, { errcode: 'M_FORBIDDEN', error: 'no' }];
    }
    this.sends.push({ roomId, txnId, body: p.content ?? p.event_id });
    const known = this.txns.get(txnId);
    const unsigned = { unsigned: { transaction_id: txnId } };
    const eventId =
      known ??
      (method === 'redact'
        ? this.post(roomId, ME, 'm.room.redaction', { redacts: p.event_id }, undefined, unsigned).event_id
        : this.post(roomId, ME, String(p.type), p.content as Json, undefined, unsigned).event_id);
    this.txns.set(txnId, eventId);
    if (trouble === 'lose') {
      this.cut();
      return [0, {}];
    }
    return [200, { event_id: eventId }];
  }

  private messages(roomId: string, dir: string, from: number, limit: number): Json {
    const all = this.log.map((entry, index) => ({ ...entry, index })).filter((entry) => entry.roomId === roomId);
    const chunk =
      dir === 'b'
        ? all
            .filter(({ index }) => index < from)
            .slice(-limit)
            .reverse()
        : all.filter(({ index }) => index >= from).slice(0, limit);
    const last = chunk.at(-1)?.index ?? null;
    const more = last !== null && (dir === 'b' ? all[0]?.index !== last : all.at(-1)?.index !== last);
    const end = last === null ? null : dir === 'b' ? last : last + 1;
    return { chunk: chunk.map(({ event }) => event), start: String(from), ...(more ? { end: String(end) } : {}) };
  }

  private context(roomId: string, eventId: string): Json {
    const all = this.log.map((entry, index) => ({ ...entry, index })).filter((entry) => entry.roomId === roomId);
    const at = all.findIndex(({ event }) => event.event_id === eventId);
    const before = all.slice(Math.max(0, at - 3), at);
    const after = all.slice(at + 1, at + 4);
    return {
      event: all[at]?.event,
      events_before: before.map(({ event }) => event).reverse(),
      events_after: after.map(({ event }) => event),
      start: String(before[0]?.index ?? all[at]?.index),
      end: String((after.at(-1)?.index ?? all[at]?.index ?? 0) + 1),
    };
  }

  private relations(eventId: string, relType: string, query: URLSearchParams): Json {
    const related = this.log.flatMap(({ event }) => {
      const relates = (event.content['m.relates_to'] ?? {}) as Json;
      return relates.event_id === eventId && relates.rel_type === relType ? event : [];
    });
    const from = Number(query.get('from') ?? '0');
    const to = from + Number(query.get('limit') ?? '50');
    const chunk = related.toReversed().slice(from, to);
    return { chunk, ...(to < related.length ? { next_batch: String(to) } : {}) };
  }

  private async http(
    method: string,
    url: URL,
    body: Json,
    token: string | null,
    signal: AbortSignal | null | undefined,
  ): Promise<[number, Json]> {
    const path = url.pathname.replace('/_matrix/client', '');
    if (path === '/versions') {
      const features = this.classic ? {} : { 'app.hearth.stream.v1': true };
      return [200, { versions: ['v1.19'], unstable_features: features }];
    }
    if (path === '/v3/login') {
      if (method === 'GET') {
        return [200, { flows: [{ type: 'm.login.password' }] }];
      }
      const session = { user_id: ME, device_id: 'DEV', access_token: this.token, refresh_token: 'refresh-1' };
      return body.password === 'right' ? [200, session] : [403, { errcode: 'M_FORBIDDEN', error: 'wrong password' }];
    }
    if (path === '/v3/register') {
      return [401, { session: 's', flows: [{ stages: ['m.login.dummy'] }] }];
    }
    if (path === '/v3/refresh' && this.refreshable) {
      return [200, { access_token: this.token, refresh_token: 'refresh-2', expires_in_ms: 3_600_000 }];
    }
    if (token !== this.token) {
      return [401, { errcode: 'M_UNKNOWN_TOKEN', error: 'unknown token', soft_logout: true }];
    }
    if (path === '/v3/sync') {
      return this.classicSync(url.searchParams, signal);
    }
    if (path === '/v4/sync' && !this.classic) {
      return this.sync(body, signal);
    }
    const parts = path.split('/').map(decodeURIComponent);
    const isDelayed = url.searchParams.has('org.matrix.msc4140.delay');
    if (parts[2] === 'rooms' && (parts[4] === 'send' || parts[4] === 'redact') && !isDelayed) {
      const fields = parts[4] === 'send' ? { type: parts[5], content: body } : { event_id: parts[5] };
      return this.perform(parts[4], { room_id: parts[3], txn_id: parts[6], ...fields });
    }
    if (method === 'GET' && parts[2] === 'rooms' && ['messages', 'context', 'event'].includes(parts[4] ?? '')) {
      return this.perform(parts[4] ?? '', {
        ...Object.fromEntries(url.searchParams),
        room_id: parts[3],
        event_id: parts[5],
      });
    }
    if (method === 'GET' && parts[4] === 'relations') {
      return [200, this.relations(parts[5] ?? '', parts[6] ?? '', url.searchParams)];
    }
    if (method === 'GET' && parts[4] === 'state') {
      const found = this.log.findLast(({ roomId, event }) => roomId === parts[3] && event.type === parts[5]);
      return found === undefined ? [404, { errcode: 'M_NOT_FOUND' }] : [200, { ...found.event.content }];
    }
    if (path === '/v3/createRoom') {
      this.requests.push({ method, path, body });
      const roomId = `!made${this.rooms.size}`;
      this.room(roomId, { members: body.invite as string[] });
      return [200, { room_id: roomId }];
    }
    this.requests.push({ method, path, body });
    return this.answers(method, path, url.searchParams, body) ?? [200, {}];
  }

  private async sync(body: Json, signal: AbortSignal | null | undefined): Promise<[number, Json]> {
    const from = typeof body.pos === 'string' ? Number(body.pos) : null;
    if (this.forgetPositions && from !== null) {
      this.forgetPositions = false;
      return [400, { errcode: 'M_UNKNOWN_POS', error: 'expired' }];
    }
    if (from === this.log.length && Number(body.timeout) > 0) {
      await new Promise<void>((resolve, reject) => {
        this.waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    }
    return [200, { pos: String(this.log.length), ...this.body(from) }];
  }

  private async classicSync(query: URLSearchParams, signal: AbortSignal | null | undefined): Promise<[number, Json]> {
    const since = query.get('since');
    const from = since === null ? null : Number(since);
    if (this.forgetPositions && from !== null) {
      this.forgetPositions = false;
      return [400, { errcode: 'M_UNKNOWN_POS', error: 'expired' }];
    }
    if (from === this.log.length && Number(query.get('timeout')) > 0) {
      await new Promise<void>((resolve, reject) => {
        this.waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    }
    return [200, classicBody(this.body(from), String(this.log.length))];
  }

  private wake(): void {
    for (const wire of this.wires) {
      wire.pump();
    }
    for (const resolve of this.waiting.splice(0)) {
      resolve();
    }
  }
}

/** What `/v3/sync` says where `/v4/sync` says `body`. */
function classicBody(body: Json, nextBatch: string): Json {
  const join = Object.entries(body.rooms as Record<string, Json>).map(([roomId, room]) => [
    roomId,
    {
      timeline: { events: room.timeline, limited: room.limited, prev_batch: room.prev_batch },
      state: { events: room.required_state },
      summary: { 'm.joined_member_count': room.joined_count },
      ephemeral: { events: [] },
      account_data: { events: [] },
    },
  ]);
  return { next_batch: nextBatch, rooms: { join: Object.fromEntries(join) } };
}

function newest(events: readonly MatrixEvent[]): MatrixEvent[] {
  return [...new Map(events.map((event) => [`${event.type} ${event.state_key}`, event])).values()];
}
