/** `POST /_matrix/client/v4/sync`: the long-poll with the same bodies and positions as the socket, for when that is blocked. */
import { object, text } from '../../model/events';
import { type HttpAnswer, type HttpRequest, serverError } from '../api/http';
import { CONN_ID } from './socket';
import type { Delta, ResumePoint, Subscription } from './types';

const POLL_MS = 30_000;
const SPARE_MS = 20_000;

export interface SlidingEvents {
  delta(delta: Delta): Promise<boolean>;
  reset(): Promise<void>;
  /** The first answer came. */
  ready(): void;
  /** Rejected or unanswered: whoever owns it decides what comes next. The loop has ended. */
  failed(error: unknown): void;
}

/** The loop from `start` to `stop` or its first failure. A position is only asked for after it was stored: that is the ack. */
export class SlidingLoop {
  private readonly whole = new AbortController();
  private current = new AbortController();
  private position: string | null;
  private sub: Subscription;

  constructor(
    private readonly exchange: (request: HttpRequest) => Promise<HttpAnswer>,
    resume: ResumePoint | null,
    sub: Subscription,
    private readonly events: SlidingEvents,
  ) {
    this.position = resume?.pos ?? null;
    this.sub = sub;
    void this.run();
  }

  subscribe(sub: Subscription): void {
    this.sub = sub;
    this.current.abort();
  }

  stop(): void {
    this.whole.abort();
    this.current.abort();
  }

  private async run(): Promise<void> {
    let isReady = false;
    // The first poll after a change of the subscription does not wait: the answer is what the change brings.
    let waits = false;
    while (!this.whole.signal.aborted) {
      this.current = new AbortController();
      const sub = this.sub;
      try {
        const answer = await this.poll(sub, waits && this.position !== null);
        if (this.whole.signal.aborted) {
          return;
        }
        if (answer === 'reset') {
          this.position = null;
          await this.events.reset();
          continue;
        }
        if (!isReady) {
          isReady = true;
          this.events.ready();
        }
        const delta = { prev: this.position, pos: text(answer.pos), more: false, body: answer };
        if (!(await this.events.delta(delta))) {
          return;
        }
        this.position = delta.pos;
        waits = sub === this.sub;
      } catch (error) {
        if (this.whole.signal.aborted) {
          return;
        }
        if (!this.current.signal.aborted) {
          this.events.failed(error);
          return;
        }
        waits = false;
      }
    }
  }

  private async poll(sub: Subscription, wait: boolean): Promise<HttpAnswer['body'] | 'reset'> {
    const timeout = wait ? POLL_MS : 0;
    const answer = await this.exchange({
      method: 'POST',
      path: '/_matrix/client/v4/sync',
      body: { ...sub, conn_id: CONN_ID, timeout, ...(this.position === null ? {} : { pos: this.position }) },
      signal: AbortSignal.any([this.whole.signal, this.current.signal]),
      timeoutMs: timeout + SPARE_MS,
    });
    if (answer.status === 400 && answer.body.errcode === 'M_UNKNOWN_POS') {
      return 'reset';
    }
    if (answer.status !== 200) {
      throw serverError(answer.status, object(answer.body));
    }
    return answer.body;
  }
}
