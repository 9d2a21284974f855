/** The named methods of the stream with their HTTP twins: the same call whichever way it goes. */
import { type Json, text } from '../../model/events';
import { type HttpRequest, path } from './http';

type Twin = (p: Json) => HttpRequest;

const base = '/_matrix/client/v3';
const room = (p: Json) => text(p.room_id);

const TWINS = {
  send: (p) => ({
    method: 'PUT',
    path: base + path`/rooms/${room(p)}/send/${text(p.type)}/${text(p.txn_id)}`,
    body: p.content,
  }),
  redact: (p) => ({
    method: 'PUT',
    path: base + path`/rooms/${room(p)}/redact/${text(p.event_id)}/${text(p.txn_id)}`,
    body: p.reason === undefined ? {} : { reason: p.reason },
  }),
  state: (p) => ({
    method: 'PUT',
    path: base + path`/rooms/${room(p)}/state/${text(p.type)}/${text(p.state_key)}`,
    body: p.content,
  }),
  typing: (p) => ({
    method: 'PUT',
    path: base + path`/rooms/${room(p)}/typing/${text(p.user_id)}`,
    body: { typing: p.typing, ...(p.timeout === undefined ? {} : { timeout: p.timeout }) },
  }),
  read_markers: (p) => ({
    method: 'POST',
    path: base + path`/rooms/${room(p)}/read_markers`,
    body: { 'm.fully_read': p.fully_read, 'm.read': p.read, 'm.read.private': p.read_private },
  }),
  messages: (p) => ({
    method: 'GET',
    path: base + path`/rooms/${room(p)}/messages`,
    query: { dir: text(p.dir), from: optional(p.from), limit: Number(p.limit), filter: optional(p.filter) },
    timeoutMs: 60_000,
  }),
  context: (p) => ({
    method: 'GET',
    path: base + path`/rooms/${room(p)}/context/${text(p.event_id)}`,
    query: { limit: Number(p.limit) },
    timeoutMs: 60_000,
  }),
  event: (p) => ({ method: 'GET', path: base + path`/rooms/${room(p)}/event/${text(p.event_id)}` }),
  members: (p) => ({ method: 'GET', path: base + path`/rooms/${room(p)}/members` }),
  account_data: (p) => ({
    method: 'PUT',
    path:
      p.room_id === undefined
        ? base + path`/user/${text(p.user_id)}/account_data/${text(p.type)}`
        : base + path`/user/${text(p.user_id)}/rooms/${room(p)}/account_data/${text(p.type)}`,
    body: p.content,
  }),
} satisfies Record<string, Twin>;

export type Method = keyof typeof TWINS;

export function twin(method: Method, params: Json): HttpRequest {
  return TWINS[method](params);
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
