/** Events as they come from the wire, and the guards through which all of them enter. Unknown fields are kept. */

export type Json = Readonly<Record<string, unknown>>;

export interface MatrixEvent {
  readonly type: string;
  readonly event_id: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly content: Json;
  readonly state_key?: string;
  readonly redacts?: string;
  readonly unsigned?: Json;
}

/** A state event, or a stripped one (no id), or a stub whose `content` is null: that state is gone. */
export interface StateEvent {
  readonly type: string;
  readonly state_key: string;
  readonly sender: string;
  readonly content: Json | null;
  readonly event_id?: string;
  readonly origin_server_ts?: number;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

export function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function texts(value: unknown): readonly string[] {
  return list(value).filter((item): item is string => typeof item === 'string');
}

/** Entries whose keys are room ids; nothing else becomes a key of ours. */
export function roomEntries(value: unknown): readonly (readonly [string, unknown])[] {
  return Object.entries(object(value)).filter(([key]) => key.startsWith('!'));
}

/** The event, or null when what came is not one. */
export function asEvent(value: unknown): MatrixEvent | null {
  if (
    !isObject(value) ||
    typeof value.type !== 'string' ||
    typeof value.event_id !== 'string' ||
    typeof value.sender !== 'string' ||
    typeof value.origin_server_ts !== 'number'
  ) {
    return null;
  }
  return { ...value, content: object(value.content) } as unknown as MatrixEvent;
}

export function asState(value: unknown): StateEvent | null {
  if (!isObject(value) || typeof value.type !== 'string' || typeof value.state_key !== 'string') {
    return null;
  }
  return {
    type: value.type,
    state_key: value.state_key,
    sender: text(value.sender),
    content: isObject(value.content) ? value.content : null,
    ...(typeof value.event_id === 'string' ? { event_id: value.event_id } : {}),
    ...(typeof value.origin_server_ts === 'number' ? { origin_server_ts: value.origin_server_ts } : {}),
  };
}

export function asEvents(value: unknown): MatrixEvent[] {
  return list(value).flatMap((item) => asEvent(item) ?? []);
}

/** `@ann:example.org` -> `ann`. */
export function localpart(userId: string): string {
  return userId.startsWith('@') ? (userId.slice(1).split(':', 1)[0] ?? userId) : userId;
}

/** Spec: Appendices, User Identifiers (also the historical ones: any visible localpart). */
export function isUserId(value: string): boolean {
  return value.length <= 255 && /^@[^:\s]+:[A-Za-z0-9.\-[\]:]+$/.test(value);
}

/** In the content of a message whose sender wants nobody disturbed. Ours: docs/extensions.md. */
export const SILENT = 'app.hearth.silent';
