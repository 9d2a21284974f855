/** What the stream needs of its owner, and how long the server wants it to wait. */
import type { HttpAnswer, HttpRequest } from '../api/http';
import type { ResumePoint, TransportEvents } from './types';
import type { Closed, Wire } from './wire';

const TOO_MANY_SOCKETS_MS = 60_000;
const TOO_FAST_MS = 30_000;

export interface StreamHost extends TransportEvents {
  readonly base: string;
  token(): string | null;
  connect(url: string): Wire;
  exchange(request: HttpRequest): Promise<HttpAnswer>;
  readonly me: string;
  /** Whether this server is known to speak neither our stream nor `/v4/sync`. */
  isClassic(): boolean;
  /** Asks the server again, and notes what it says; what was known stays when it does not answer. */
  askIfClassic(): Promise<boolean>;
  /** The position that is safely stored, after all that was handed over has been stored or given up. */
  settled(): Promise<ResumePoint | null>;
}

/** The pause that the end of a connection asks for; null: none in particular. */
export function waitFor(closed: Closed): number | null {
  if (closed.code === 4010) {
    return TOO_MANY_SOCKETS_MS;
  }
  if (closed.code === 4029) {
    return Math.max(TOO_FAST_MS, closed.retryAfterMs ?? 0);
  }
  return closed.retryAfterMs;
}
