/**
 * The stream, whichever way it comes: by socket, or by `/v4/sync` when the socket was refused three times in a row;
 * then the socket is tried again every five minutes. Positions are the same on both, so nothing is lost in between.
 */
import type { Json } from '../../model/events';
import { errorInfo } from '../../store/errors';
import { failure, type HttpRequest, isSoftLogout } from '../api/http';
import { backoffMs } from './backoff';
import { ClassicLoop } from './classic';
import { SlidingLoop } from './sliding';
import { SocketConnection, socketUrl } from './socket';
import { type StreamHost, waitFor } from './stream-host';
import type { Clock, Delta, Subscription, Timer } from './types';
import type { Closed } from './wire';

const FAILED_UPGRADES = 3;
const UPGRADE_EVERY_MS = 5 * 60_000;
/** After an outage of the whole server nothing speaks against sockets. */
const UPGRADE_SOON_MS = 5_000;

export class Stream {
  private socket: SocketConnection | null = null;
  private loop: SlidingLoop | ClassicLoop | null = null;
  private timer: Timer | null = null;
  private sub: Subscription = {};
  private failedUpgrades = 0;
  private failures = 0;
  private running = false;
  private serverWasAway = false;
  /** Position of the last delta that was taken over; undefined: take whatever comes first. */
  private accepted: string | null | undefined;

  constructor(
    private readonly host: StreamHost,
    private readonly clock: Clock,
  ) {}

  get kind(): 'socket' | 'sliding' | 'classic' | null {
    if (this.socket?.ready === true) {
      return 'socket';
    }
    if (this.loop instanceof ClassicLoop) {
      return 'classic';
    }
    return this.loop === null ? null : 'sliding';
  }

  start(sub: Subscription): void {
    this.sub = sub;
    this.running = true;
    this.connect();
    if (this.host.isClassic()) {
      // It may have learnt since: the next start asks for the stream then.
      void this.host.askIfClassic().catch(() => undefined);
    }
  }

  stop(): void {
    this.running = false;
    this.timer?.cancel();
    this.loop?.stop();
    this.loop = null;
    const socket = this.socket;
    this.socket = null;
    socket?.end(1000);
  }

  subscribe(sub: Subscription): void {
    this.sub = sub;
    this.socket?.subscribe(sub);
    this.loop?.subscribe(sub);
  }

  /** A method over the socket; null when there is no socket with room for it: use HTTP. */
  request(method: string, params: Json): Promise<Json> | null {
    return this.socket?.free === true ? this.socket.request(method, params) : null;
  }

  /** Looks whether the connection still lives, or connects at once instead of waiting. */
  wake(): void {
    if (this.socket !== null) {
      this.socket.probe();
    } else if (this.running && this.loop === null) {
      this.failures = 0;
      this.connect();
    }
  }

  /** What was handed over could not be stored: start again from what is stored. */
  restart(): void {
    if (this.running) {
      this.dropAll();
      this.connect();
    }
  }

  private connect(): void {
    if (this.host.isClassic()) {
      this.timer?.cancel();
      this.timer = null;
      void this.startLoop();
    } else {
      this.openSocket();
    }
  }

  private openSocket(): void {
    this.timer?.cancel();
    this.timer = null;
    const connection: SocketConnection = new SocketConnection(
      () => this.host.connect(socketUrl(this.host.base)),
      {
        opened: () => this.greeting(connection),
        ready: (resumed) => this.socketReady(resumed),
        delta: (delta) => this.socketDelta(connection, delta),
        reset: () => this.reset(),
        authExpiring: () => this.host.tokenRefused(true).catch(() => null),
        closed: (closed) => void this.socketClosed(connection, closed),
      },
      this.clock,
    );
    this.socket = connection;
  }

  private async greeting(connection: SocketConnection) {
    this.loop?.stop();
    this.loop = null;
    const resume = await this.host.settled();
    const token = this.host.token();
    if (token === null || this.socket !== connection) {
      throw failure('CANCELLED', 'signed out');
    }
    this.accepted = resume?.pos ?? undefined;
    return { token, resume, sub: this.sub };
  }

  private socketReady(resumed: boolean): void {
    this.failedUpgrades = 0;
    this.failures = 0;
    this.serverWasAway = false;
    if (!resumed && this.accepted !== undefined) {
      this.reset();
    }
    this.host.ready();
  }

  private reset(): void {
    this.accepted = undefined;
    this.host.reset(() => undefined);
  }

  private socketDelta(connection: SocketConnection, delta: Delta): void {
    if (delta.pos === this.accepted) {
      connection.ack(delta.pos);
      return;
    }
    if (this.accepted !== undefined && delta.prev !== this.accepted) {
      connection.end(4008);
      return;
    }
    this.accepted = delta.pos;
    this.host.delta(delta, () => connection.ack(delta.pos));
  }

  private async socketClosed(connection: SocketConnection, closed: Closed): Promise<void> {
    if (this.socket !== connection) {
      return;
    }
    this.socket = null;
    if (!this.running) {
      return;
    }
    if (this.loop !== null) {
      // Only the try to come back from HTTP failed; HTTP goes on.
      this.later(UPGRADE_EVERY_MS, () => this.openSocket());
      return;
    }
    if (closed.code === 4009) {
      this.running = false;
      this.host.replaced();
    } else if (closed.code === 4001 || closed.code === 4003) {
      await this.renew(closed.code === 4001 && closed.softLogout);
    } else {
      this.failedUpgrades += closed.wasReady || closed.bye ? 0 : 1;
      this.failures += closed.wasReady ? 0 : 1;
      if (this.failedUpgrades === 1 && (await this.host.askIfClassic().catch(() => false)) && this.running) {
        void this.startLoop();
        return;
      }
      this.tryAgain(waitFor(closed) ?? backoffMs(this.failures + 1, this.clock.random()));
    }
  }

  private async renew(softLogout: boolean): Promise<void> {
    this.host.lost(null);
    // Not answered: neither a new token nor the end of the session; the next connection asks again.
    const token = await this.host.tokenRefused(softLogout).catch(() => undefined);
    if (!this.running) {
      return;
    }
    if (token === null) {
      this.running = false;
      return;
    }
    this.failures += 1;
    this.tryAgain(this.failures > 1 ? backoffMs(this.failures, this.clock.random()) : 0);
  }

  private tryAgain(waitMs: number): void {
    if (this.failedUpgrades >= FAILED_UPGRADES) {
      void this.startLoop();
      return;
    }
    this.host.lost(waitMs);
    this.later(waitMs, () => this.connect());
  }

  private async startLoop(): Promise<void> {
    const resume = await this.host.settled();
    if (!this.running || this.loop !== null || this.socket !== null) {
      return;
    }
    const events = {
      me: this.host.me,
      delta: (delta: Delta) => this.loopDelta(delta),
      reset: () => new Promise<void>((stored) => this.host.reset(() => stored())),
      ready: () => {
        this.failures = 0;
        this.host.ready();
        if (this.serverWasAway && !this.host.isClassic()) {
          this.serverWasAway = false;
          this.later(UPGRADE_SOON_MS, () => this.openSocket());
        }
      },
      failed: (error: unknown) => void this.loopFailed(error),
    };
    const exchange = (request: HttpRequest) => this.host.exchange(request);
    if (this.host.isClassic()) {
      this.loop = new ClassicLoop(exchange, resume, this.sub, events);
      return;
    }
    this.loop = new SlidingLoop(exchange, resume, this.sub, events);
    this.later(UPGRADE_EVERY_MS, () => this.openSocket());
  }

  private async loopDelta(delta: Delta): Promise<boolean> {
    await new Promise<void>((stored) => this.host.delta(delta, stored));
    return this.loop !== null;
  }

  private async loopFailed(error: unknown): Promise<void> {
    this.loop = null;
    this.timer?.cancel();
    if (!this.running || this.socket !== null) {
      return;
    }
    const info = errorInfo(error);
    if (info.status === 401) {
      await this.renew(isSoftLogout(error));
      return;
    }
    this.serverWasAway = info.errcode === 'NETWORK';
    if (this.host.isClassic()) {
      this.failures += 1;
      const waitMs = info.retryAfterMs ?? backoffMs(this.failures, this.clock.random());
      this.host.lost(waitMs);
      this.later(waitMs, () => this.connect());
      return;
    }
    // Perhaps the whole server was away: one try by socket, and back to HTTP if that alone fails.
    this.failedUpgrades = FAILED_UPGRADES - 1;
    // A socket that failed just before has been counted already: both ways are one try.
    this.failures = Math.max(1, this.failures);
    this.tryAgain(info.retryAfterMs ?? backoffMs(this.failures, this.clock.random()));
  }

  private later(ms: number, run: () => void): void {
    this.timer?.cancel();
    this.timer = this.clock.after(ms, run);
  }

  private dropAll(): void {
    this.timer?.cancel();
    this.loop?.stop();
    this.loop = null;
    const socket = this.socket;
    this.socket = null;
    socket?.end(1000);
  }
}
