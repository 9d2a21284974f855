/** `app.hearth.stream`, version 1: one WebSocket that carries the stream one way and requests both ways. */
import { type Json, number, object, text, textOrNull } from '../../model/events';
import { CommandError } from '../../store/errors';
import { failure, serverError } from '../api/http';
import type { Clock, Subscription, Timer } from './types';
import type { ConnectionEvents, Wire } from './wire';

export const SUBPROTOCOL = 'app.hearth.stream.v1.json';
const SOCKET_PATH = '/_matrix/client/unstable/app.hearth.stream/v1/ws';
export const CONN_ID = 'web';

const ACK_DELAY_MS = 200;
const READY_WITHIN_MS = 15_000;
const PROBE_MS = 5_000;
const REQUEST_MS = 65_000;

interface Pending {
  readonly resolve: (body: Json) => void;
  readonly reject: (error: CommandError) => void;
  readonly deadline: Timer;
}

/** One connection from its opening to its end; never used twice. */
export class SocketConnection {
  private readonly wire: Wire;
  private readonly pending = new Map<string, Pending>();
  private heartbeatMs = 25_000;
  private maxInflight = 16;
  private halfWindow = 4;
  private lastRequest = 0;
  private lastSent: number;
  private lastReceived: number;
  private pings = 0;
  private opened = false;
  private isReady = false;
  private over = false;
  private bye: { code: number; retryAfterMs: number | null; softLogout: boolean } | null = null;
  private unacked: { pos: string; count: number } | null = null;
  private ackTimer: Timer | null = null;
  private watch: Timer | null = null;
  private readonly opening: Timer;

  constructor(
    connect: () => Wire,
    private readonly events: ConnectionEvents,
    private readonly clock: Clock,
  ) {
    this.lastSent = this.lastReceived = clock.now();
    this.opening = clock.after(READY_WITHIN_MS, () => this.end(4002));
    this.wire = connect();
    this.wire.onopen = () => void this.greet();
    this.wire.onmessage = (event) => this.receive(event.data);
    this.wire.onclose = (event) => this.closed(event.code);
  }

  get ready(): boolean {
    return this.isReady && !this.over;
  }

  get free(): boolean {
    return this.ready && this.pending.size < this.maxInflight;
  }

  /** A named method; rejects with the server's error, or `NETWORK` when the connection ends before the answer. */
  request(method: string, params: Json): Promise<Json> {
    if (!this.ready) {
      return Promise.reject(failure('NETWORK', 'not connected'));
    }
    this.lastRequest += 1;
    const id = String(this.lastRequest);
    return new Promise((resolve, reject) => {
      const deadline = this.clock.after(REQUEST_MS, () => {
        this.pending.delete(id);
        reject(failure('NETWORK', 'no answer in time'));
      });
      this.pending.set(id, { resolve, reject, deadline });
      this.send({ t: 'req', id, m: method, p: params });
    });
  }

  subscribe(sub: Subscription): void {
    if (this.ready) {
      this.send({ t: 'sub', sub });
    }
  }

  /** Tells the server that all up to `pos` is stored; gathered for a moment. */
  ack(pos: string): void {
    if (!this.ready) {
      return;
    }
    this.unacked = { pos, count: (this.unacked?.count ?? 0) + 1 };
    if (this.unacked.count >= this.halfWindow) {
      this.flushAck();
    } else {
      this.ackTimer ??= this.clock.after(ACK_DELAY_MS, () => this.flushAck());
    }
  }

  /** Asks for a sign of life within 5 s, as after a sleep or a change of network. */
  probe(): void {
    if (this.ready) {
      const before = this.lastReceived;
      this.ping();
      this.clock.after(PROBE_MS, () => {
        if (this.lastReceived === before && !this.over) {
          this.end(4008);
        }
      });
    }
  }

  /** Closes from our side and reports it as `code`. */
  end(code: number): void {
    this.wire.close(1000);
    this.closed(code);
  }

  private async greet(): Promise<void> {
    this.opened = true;
    try {
      const { token, resume, sub } = await this.events.opened();
      if (!this.over) {
        const position = resume === null ? {} : { resume: { pos: resume.pos } };
        this.send({
          t: 'hello',
          v: [1],
          access_token: token,
          conn_id: CONN_ID,
          client: 'hearth-web',
          ...position,
          sub,
        });
      }
    } catch {
      this.end(1000);
    }
  }

  private receive(data: unknown): void {
    this.lastReceived = this.clock.now();
    let frame: Json;
    try {
      frame = object(JSON.parse(String(data)));
    } catch {
      this.end(4000);
      return;
    }
    switch (frame.t) {
      case 'ready':
        this.begin(frame);
        return;
      case 'delta':
        this.events.delta({
          prev: textOrNull(frame.prev),
          pos: text(frame.pos),
          more: frame.more === true,
          body: object(frame.body),
        });
        return;
      case 'res':
        this.answer(frame);
        return;
      case 'reset':
        this.events.reset();
        return;
      case 'auth_expiring':
        void this.renewToken();
        return;
      case 'bye':
        this.bye = {
          code: number(frame.code, 1000),
          retryAfterMs: typeof frame.retry_after_ms === 'number' ? frame.retry_after_ms : null,
          softLogout: frame.soft_logout === true,
        };
        return;
      default:
      // Unknown frames are for newer clients; `pong` and `auth_ok` have done their work by arriving.
    }
  }

  private begin(frame: Json): void {
    const limits = object(frame.limits);
    this.heartbeatMs = number(limits.heartbeat_ms, this.heartbeatMs);
    this.maxInflight = number(limits.max_inflight, this.maxInflight);
    this.halfWindow = Math.max(1, Math.floor(number(limits.window, 8) / 2));
    this.opening.cancel();
    this.isReady = true;
    this.events.ready(frame.resumed === true);
    this.watchOver();
  }

  private answer(frame: Json): void {
    const id = text(frame.id);
    const waiting = this.pending.get(id);
    if (waiting === undefined) {
      return;
    }
    this.pending.delete(id);
    waiting.deadline.cancel();
    const status = number(frame.s, 500);
    if (status >= 200 && status < 300) {
      waiting.resolve(object(frame.r));
    } else {
      waiting.reject(serverError(status, object(frame.e)));
    }
  }

  private async renewToken(): Promise<void> {
    const token = await this.events.authExpiring();
    if (token !== null && this.ready) {
      this.send({ t: 'auth', access_token: token });
    }
  }

  private watchOver(): void {
    this.watch = this.clock.after(this.heartbeatMs / 5, () => {
      const now = this.clock.now();
      if (now - this.lastReceived > 2 * this.heartbeatMs) {
        this.end(4008);
        return;
      }
      if (now - this.lastSent >= this.heartbeatMs * 0.8) {
        this.ping();
      }
      this.watchOver();
    });
  }

  private ping(): void {
    this.pings += 1;
    this.send({ t: 'ping', n: this.pings });
  }

  private flushAck(): void {
    this.ackTimer?.cancel();
    this.ackTimer = null;
    if (this.unacked !== null && this.ready) {
      this.send({ t: 'ack', pos: this.unacked.pos });
    }
    this.unacked = null;
  }

  private send(frame: Json): void {
    this.lastSent = this.clock.now();
    this.wire.send(JSON.stringify(frame));
  }

  private closed(code: number): void {
    if (this.over) {
      return;
    }
    this.over = true;
    for (const timer of [this.opening, this.ackTimer, this.watch]) {
      timer?.cancel();
    }
    this.wire.onopen = this.wire.onmessage = this.wire.onclose = null;
    for (const waiting of this.pending.values()) {
      waiting.deadline.cancel();
      waiting.reject(
        new CommandError({ errcode: 'NETWORK', message: 'connection lost', status: 0, retryAfterMs: null }),
      );
    }
    this.pending.clear();
    this.events.closed({
      code: this.bye?.code ?? code,
      wasReady: this.isReady,
      opened: this.opened,
      retryAfterMs: this.bye?.retryAfterMs ?? null,
      softLogout: this.bye?.softLogout ?? false,
      bye: this.bye !== null,
    });
  }
}

/** Address of the socket for a homeserver's base address. */
export function socketUrl(base: string): string {
  return base.replace(/^http/, 'ws') + SOCKET_PATH;
}
