/** Calls of the client API over HTTP: JSON in and out, the token, deadlines, and one kind of error for all that fails. */
import type { ErrorInfo } from '../../store/contract';
import { CommandError } from '../../store/errors';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the base address on, with its segments already encoded (see `path`). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** How long to wait for the whole answer; 30 s unless said otherwise. */
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 30_000;

/** A path whose `${}` parts are percent-encoded as single segments. */
export function path(strings: TemplateStringsArray, ...segments: readonly string[]): string {
  return strings.reduce((whole, text, index) => whole + encodeURIComponent(segments[index - 1] ?? '') + text);
}

export function failure(
  errcode: string,
  message: string,
  status = 0,
  retryAfterMs: number | null = null,
): CommandError {
  return new CommandError({ errcode, message, status, retryAfterMs });
}

/** Whether the same call may work later: no answer or one that is not the server's, too many requests, or a server in trouble. */
export function isPassing(info: ErrorInfo): boolean {
  const isAnswered = info.errcode !== 'NETWORK' && info.errcode !== 'BAD_ANSWER';
  return !isAnswered || info.status === 429 || info.status === 408 || info.status >= 500;
}

/** One call without regard to the status: rejects (`NETWORK`, `CANCELLED`, `BAD_ANSWER`) only when there is no JSON answer. */
export async function exchange(
  fetcher: Fetch,
  base: string,
  token: string | null,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  let response: Response;
  let text: string;
  try {
    response = await fetcher(base + request.path + queryString(request.query), {
      method: request.method,
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal,
    });
    text = await response.text();
  } catch (error) {
    throw request.signal?.aborted === true
      ? failure('CANCELLED', 'the call was given up')
      : failure('NETWORK', error instanceof Error ? error.message : 'no answer');
  }
  return { status: response.status, body: parseObject(text, response.status) };
}

/** One call; rejects with the server's error unless the status is 2xx. */
export async function call(
  fetcher: Fetch,
  base: string,
  token: string | null,
  request: HttpRequest,
): Promise<HttpAnswer['body']> {
  const answer = await exchange(fetcher, base, token, request);
  if (answer.status < 200 || answer.status >= 300) {
    throw serverError(answer.status, answer.body);
  }
  return answer.body;
}

export function serverError(status: number, body: Readonly<Record<string, unknown>>): CommandError {
  const errcode = typeof body.errcode === 'string' ? body.errcode : 'M_UNKNOWN';
  const message = typeof body.error === 'string' ? body.error : `status ${status}`;
  const wait = typeof body.retry_after_ms === 'number' ? body.retry_after_ms : null;
  const error = failure(errcode, message, status, wait);
  return body.soft_logout === true ? Object.assign(error, { softLogout: true }) : error;
}

/** Whether this 401 lets the client keep its data and sign in again (Spec: Client-Server API, Soft logout). */
export function isSoftLogout(error: unknown): boolean {
  return error instanceof CommandError && 'softLogout' in error;
}

function queryString(query: HttpRequest['query']): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) {
      pairs.set(name, String(value));
    }
  }
  const text = pairs.toString();
  return text === '' ? '' : `?${text}`;
}

/** The JSON object of an answer; `NETWORK` or `BAD_ANSWER` when it is none. */
export function parseObject(text: string, status: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Not JSON: some box in between answered. Told apart by the status below.
  }
  throw status >= 500
    ? failure('NETWORK', `status ${status}`, status)
    : failure('BAD_ANSWER', 'not a JSON object', status);
}
