/** The socket as the connection sees it, and what the connection tells its owner. */
import type { Delta, ResumePoint, Subscription } from './types';

/** The part of WebSocket that is used, so that tests can bring their own. */
export interface Wire {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Why a connection ended. */
export interface Closed {
  /** Close code, or that of `bye`. */
  readonly code: number;
  /** `ready` had come. */
  readonly wasReady: boolean;
  readonly opened: boolean;
  readonly retryAfterMs: number | null;
  readonly softLogout: boolean;
  /** The server went away in good order (`bye`), so this is no sign of a blocked way. */
  readonly bye: boolean;
}

export interface ConnectionEvents {
  /** The way is open: answer with what to greet with (may take its time, e.g. to store what came another way). */
  opened(): Promise<{ readonly token: string; readonly resume: ResumePoint | null; readonly sub: Subscription }>;
  ready(resumed: boolean): void;
  delta(delta: Delta): void;
  reset(): void;
  authExpiring(): Promise<string | null>;
  closed(closed: Closed): void;
}
