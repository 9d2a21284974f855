/** Read receipts and typing notices: shown at once, sent when there is a way. Only the newest of each room counts. */
import { object } from '../model/events';
import { errorInfo } from '../store/errors';
import { isPassing, path } from './api/http';
import type { Core } from './core';
import { Changes } from './sync/changes';
import { setRoomAccountData } from './sync/extensions';
import { ownView } from './sync/own-view';
import { backoffMs } from './transport/backoff';
import type { Clock, Timer } from './transport/types';

const TYPING_LASTS_MS = 30_000;
const TYPING_AGAIN_MS = 20_000;
const KEY = 'reads';
const AGAIN_MS = 1_000;

export class Reading {
  private readonly pending: Map<string, string>;
  private readonly sending = new Set<string>();
  private readonly typed = new Map<string, number>();
  private failures = 0;
  /** When what could not be sent goes out again. */
  private again: Timer | null = null;
  private stopped = false;

  /** `stored`: reads that the last engine could not send. */
  constructor(
    private readonly core: Core,
    stored: unknown,
    private readonly clock: Clock,
  ) {
    this.pending = new Map(Object.entries(object(stored) as Record<string, string>));
  }

  async markRead(roomId: string, eventId?: string): Promise<void> {
    const { account } = this.core;
    const timeline = await this.core.timeline(roomId);
    const ids = timeline.live?.ids ?? [];
    const last = ids.at(-1);
    const target = eventId ?? last;
    await this.unmark(roomId);
    // As it is after the wait: what came meanwhile is not to be undone.
    const room = account.rooms.get(roomId);
    if (room === undefined || target === undefined) {
      return;
    }
    const before = room.myRead === null ? -1 : ids.indexOf(room.myRead.eventId);
    if (before >= 0 && ids.indexOf(target) <= before) {
      return;
    }
    // To read the main timeline to its end leaves what is new in threads; to mark the chat as read does not.
    const threads = room.threadCounts ?? {};
    const left = eventId === undefined ? {} : threads;
    const notifications = Object.values(left).reduce((sum, unread) => sum + unread, 0);
    const rest = target === last ? { notifications, highlights: 0, threadCounts: left } : {};
    account.rooms.set(roomId, { ...room, ...rest, myRead: { eventId: target, ts: Date.now() } });
    this.pending.set(roomId, target);
    const changes = new Changes();
    changes.rooms.add(roomId);
    for (const root of Object.keys(threads)) {
      changes.event(roomId, root);
    }
    changes.put('kv', KEY, Object.fromEntries(this.pending));
    await this.core.commit(changes);
    this.flush();
  }

  async markUnread(roomId: string, unread: boolean): Promise<void> {
    const content = { unread };
    const changes = new Changes();
    setRoomAccountData(this.core.account, roomId, 'm.marked_unread', content, changes);
    await this.core.commit(changes);
    const params = { user_id: this.core.account.me, room_id: roomId, type: 'm.marked_unread', content };
    await this.core.request('account_data', params);
  }

  /** What the server does not know yet, as `stored` takes it. */
  unsent(): unknown {
    return Object.fromEntries(this.pending);
  }

  stop(): void {
    this.stopped = true;
    this.again?.cancel();
  }

  /** Sends what waits, for each room the newest. */
  flush(): void {
    this.again?.cancel();
    for (const [roomId, eventId] of this.pending) {
      if (!this.sending.has(roomId) && this.core.isConnected()) {
        void this.send(roomId, eventId);
      }
    }
  }

  /** Tells that I type, at most every 20 s; nothing is kept when there is no connection. */
  async typing(roomId: string, typing: boolean): Promise<void> {
    const last = this.typed.get(roomId);
    if (
      !this.core.isConnected() ||
      (typing && !ownView(this.core.account).privacy.typing) ||
      (typing ? last !== undefined && Date.now() - last < TYPING_AGAIN_MS : last === undefined)
    ) {
      return;
    }
    if (typing) {
      this.typed.set(roomId, Date.now());
    } else {
      this.typed.delete(roomId);
    }
    const timeout = typing ? { timeout: TYPING_LASTS_MS } : {};
    await this.core
      .request('typing', { room_id: roomId, user_id: this.core.account.me, typing, ...timeout })
      .catch(() => undefined);
  }

  private async unmark(roomId: string): Promise<void> {
    const marked = object(this.core.account.rooms.get(roomId)?.accountData['m.marked_unread']).unread === true;
    if (marked) {
      await this.markUnread(roomId, false).catch(() => undefined);
    }
  }

  /** Whether an event says nothing about how far the threads of its room are read, which have something new. */
  private async mainOnly(roomId: string, eventId: string): Promise<boolean> {
    const unread = Object.keys(this.core.account.rooms.get(roomId)?.threadCounts ?? {}).length;
    return unread > 0 && (await this.core.timeline(roomId)).threads.rootOf(eventId) === null;
  }

  private async send(roomId: string, eventId: string): Promise<void> {
    this.sending.add(roomId);
    let settled = true;
    let waitMs: number | null = null;
    try {
      const hidden = ownView(this.core.account).privacy.receipts === 'private';
      const receipt = hidden ? { read_private: eventId } : { read: eventId };
      if (await this.mainOnly(roomId, eventId)) {
        // What was written in threads meanwhile is still unread.
        const kind = hidden ? 'm.read.private' : 'm.read';
        const tail = path`/_matrix/client/v3/rooms/${roomId}/receipt/${kind}/${eventId}`;
        await this.core.http({ method: 'POST', path: tail, body: { thread_id: 'main' } });
        await this.core.request('read_markers', { room_id: roomId, fully_read: eventId });
      } else {
        await this.core.request('read_markers', { room_id: roomId, fully_read: eventId, ...receipt });
      }
    } catch (error) {
      // What the server refuses for good would be refused again; the rest goes out later.
      settled = !isPassing(errorInfo(error));
      waitMs = errorInfo(error).retryAfterMs;
    } finally {
      this.sending.delete(roomId);
    }
    // Whoever comes after has what is pending.
    if (this.stopped) {
      return;
    }
    if (!settled) {
      this.failures += 1;
      // One for all rooms: each failure with a time of its own would make many out of a few.
      this.again?.cancel();
      const pause = waitMs ?? AGAIN_MS + backoffMs(this.failures, this.clock.random());
      this.again = this.clock.after(pause, () => this.flush());
      return;
    }
    this.failures = 0;
    if (this.pending.get(roomId) === eventId) {
      this.pending.delete(roomId);
      const changes = new Changes();
      changes.put('kv', KEY, Object.fromEntries(this.pending));
      await this.core.commit(changes);
    } else {
      this.flush();
    }
  }
}
