import type { ErrorInfo } from './contract';

/** How every command fails: `info` says why, in a form that crosses the port between page and engine. */
export class CommandError extends Error {
  readonly info: ErrorInfo;

  constructor(info: ErrorInfo) {
    super(`${info.errcode}: ${info.message}`);
    this.name = 'CommandError';
    this.info = info;
  }
}

/** The error's facts, whatever was thrown. */
export function errorInfo(error: unknown): ErrorInfo {
  if (error instanceof CommandError) {
    return error.info;
  }
  const message = error instanceof Error ? error.message : String(error);
  return { errcode: 'BAD_ANSWER', message, status: 0, retryAfterMs: null };
}
