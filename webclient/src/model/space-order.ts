/** The order of rooms in a space. Spec: Client-Server API, Ordering of children within a space. */
import type { Json } from './events';

export interface Ordered {
  readonly id: string;
  /** null: none, or one that does not count. */
  readonly order: string | null;
  readonly ts: number;
}

/** What an `m.space.child` says of its place. */
export function orderOf(content: Json, ts: unknown): Omit<Ordered, 'id'> {
  const { order } = content;
  const counts = typeof order === 'string' && /^[\x20-\x7e]{1,50}$/.test(order);
  return { order: counts ? order : null, ts: typeof ts === 'number' ? ts : 0 };
}

export function byOrder(a: Ordered, b: Ordered): number {
  if (a.order !== b.order) {
    if (a.order === null || b.order === null) return a.order === null ? 1 : -1;
    return a.order < b.order ? -1 : 1;
  }
  return a.ts - b.ts || (a.id < b.id ? -1 : 1);
}
