/** What all transports have in common: the same deltas come out, whatever the wire looks like. */
import type { Json } from '../../model/events';

/** A position that is stored together with all that came up to it. */
export interface ResumePoint {
  readonly pos: string;
}

/** One piece of the stream; `body` has the shape of an answer of `POST /v4/sync`. */
export interface Delta {
  /** Position before it; null when it starts from nothing. */
  readonly prev: string | null;
  readonly pos: string;
  readonly more: boolean;
  readonly body: Json;
}

/** Body of a `/v4/sync` request without `conn_id`, `pos` and `timeout`. */
export type Subscription = Json;

/** What the owner of a transport is told. */
export interface TransportEvents {
  /** Apply it, store it, then call `stored` (not at all if it could not be stored). */
  delta(delta: Delta, stored: () => void): void;
  /** Everything known is void: initial data follows. Call `stored` when the old data is gone. */
  reset(stored: () => void): void;
  /** Connected and taken in by the server. */
  ready(): void;
  /** Not connected; `retryInMs` until the next try, null when none will be made. */
  lost(retryInMs: number | null): void;
  /** The token was refused. Resolves to a new one, or null when there is none to be had; rejects when it cannot be told now. */
  tokenRefused(softLogout: boolean): Promise<string | null>;
  /** A newer connection of the same name took over: stay quiet. */
  replaced(): void;
}

export interface Clock {
  now(): number;
  after(ms: number, run: () => void): Timer;
  random(): number;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const id = setTimeout(run, ms);
    return { cancel: () => clearTimeout(id) };
  },
  random: () => Math.random(),
};
