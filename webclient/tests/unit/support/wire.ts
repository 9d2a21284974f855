import type { Wire } from '../../../src/engine/transport/wire';
import type { Json } from '../../../src/model/events';
import type { Homeserver } from './homeserver';

/** The server's side of one socket. */
export class FakeWire implements Wire {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number }) => void) | null = null;
  readonly received: Json[] = [];
  /** While true no deltas go out. */
  paused = false;
  private sent: number | null = null;
  private greeted = false;
  private over = false;

  constructor(private readonly server: Homeserver) {}

  accept(): void {
    this.server.wires.push(this);
    this.onopen?.();
  }

  drop(code: number): void {
    this.over = true;
    this.onclose?.({ code });
  }

  close(): void {
    this.over = true;
    this.server.wires.splice(this.server.wires.indexOf(this), 1);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Json;
    this.received.push(frame);
    queueMicrotask(() => this.take(frame));
  }

  emit(frame: Json): void {
    queueMicrotask(() => {
      if (!this.over) {
        this.onmessage?.({ data: JSON.stringify(frame) });
      }
    });
  }

  pump(): void {
    if (!this.greeted || this.paused || this.server.silent || this.over || this.sent === this.server.log.length) {
      return;
    }
    const prev = this.sent;
    this.sent = this.server.log.length;
    this.emit({
      t: 'delta',
      prev: prev === null ? null : String(prev),
      pos: String(this.sent),
      more: false,
      body: this.server.body(prev),
    });
  }

  private take(frame: Json): void {
    if (frame.t === 'hello') {
      this.greet(frame);
    } else if (frame.t === 'req') {
      const [status, answer] = this.server.perform(String(frame.m), frame.p as Json);
      if (status !== 0) {
        const good = status < 300;
        this.emit({ t: 'res', id: frame.id, s: status, ...(good ? { r: answer } : { e: answer }) });
      }
    } else if (frame.t === 'ping') {
      this.emit({ t: 'pong', n: frame.n });
    }
  }

  private greet(frame: Json): void {
    if (frame.access_token !== this.server.token) {
      this.emit({ t: 'bye', code: 4001, errcode: 'M_UNKNOWN_TOKEN', soft_logout: true });
      queueMicrotask(() => queueMicrotask(() => this.drop(4001)));
      return;
    }
    const resume = frame.resume as { pos: string } | undefined;
    const known = resume !== undefined && !this.server.forgetPositions;
    this.server.forgetPositions = false;
    this.sent = known ? Number(resume.pos) : null;
    this.greeted = true;
    this.emit({ t: 'ready', v: 1, resumed: known, limits: { heartbeat_ms: 25_000, window: 8, max_inflight: 16 } });
    this.pump();
  }
}
