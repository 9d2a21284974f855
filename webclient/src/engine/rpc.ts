/**
 * The messages between a page and the engine: calls with answers one way, patches of the mirror store the other way.
 * All of them are plain data, so that they cross a MessagePort or a BroadcastChannel alike.
 */
import type {
  Commands,
  ConnectionState,
  Draft,
  ErrorInfo,
  ItemKey,
  Member,
  Own,
  Room,
  RoomId,
  SessionState,
  Timeline,
  TimelineItem,
  User,
  UserId,
} from '../store/contract';

export type CommandName = keyof Commands;

/** Replaces `remove` keys at `at` by `insert`. */
export interface Splice {
  readonly at: number;
  readonly remove: number;
  readonly insert: readonly ItemKey[];
}

export type Patch =
  | { readonly p: 'session'; readonly session: SessionState }
  | { readonly p: 'connection'; readonly connection: ConnectionState }
  | { readonly p: 'rooms'; readonly rooms: Readonly<Record<RoomId, Room | null>> }
  | {
      readonly p: 'order';
      readonly rooms: readonly RoomId[];
      readonly invites: readonly RoomId[];
      readonly ready: boolean;
    }
  | { readonly p: 'users'; readonly users: Readonly<Record<UserId, User>> }
  | {
      readonly p: 'members';
      readonly roomId: RoomId;
      /** null takes a member out. */
      readonly members: Readonly<Record<UserId, Member | null>>;
      readonly complete: boolean;
    }
  | { readonly p: 'typing'; readonly roomId: RoomId; readonly users: readonly UserId[] }
  | { readonly p: 'draft'; readonly roomId: RoomId; readonly draft: Draft | null }
  | {
      readonly p: 'timeline';
      readonly roomId: RoomId;
      readonly splice: Splice | null;
      /** New or changed items. */
      readonly events: Readonly<Record<ItemKey, TimelineItem>>;
      readonly flags: Omit<Timeline, 'items' | 'events'>;
    }
  | { readonly p: 'own'; readonly own: Own }
  | { readonly p: 'closed'; readonly roomId: RoomId }
  /** Forget everything: another account, or signed out. */
  | { readonly p: 'clear' };

export type ToEngine =
  | { readonly t: 'attach'; readonly tab: string }
  | { readonly t: 'call'; readonly id: number; readonly name: CommandName; readonly args: readonly unknown[] }
  | { readonly t: 'detach' };

export type ToPage =
  | { readonly t: 'patches'; readonly patches: readonly Patch[] }
  | { readonly t: 'result'; readonly id: number; readonly value: unknown }
  | { readonly t: 'failure'; readonly id: number; readonly error: ErrorInfo }
  /** A newer engine has taken over: this page has to load again. */
  | { readonly t: 'replaced' };

/** One end of the line, as either side sees it. */
export interface Port<Out, In> {
  post(message: Out): void;
  listen(receive: (message: In) => void): void;
}

/** The smallest splice that makes `after` out of `before`; null when they are equal. */
export function spliceBetween(before: readonly ItemKey[], after: readonly ItemKey[]): Splice | null {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) {
    start += 1;
  }
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) {
    end += 1;
  }
  const remove = before.length - start - end;
  const insert = after.slice(start, after.length - end);
  return remove === 0 && insert.length === 0 ? null : { at: start, remove, insert };
}
