/**
 * The send queue. An op is on disk before it is on the wire, keeps its transaction id for ever, and goes out in order
 * within its room; so after a reload or a lost connection it is sent again and still happens once. What the server
 * refuses stays in sight with its error and does not hold up what comes after it.
 */
import { newTransaction } from '../../model/transactions';
import { type CommandError, errorInfo } from '../../store/errors';
import { failure, isPassing, path } from '../api/http';
import type { Core } from '../core';
import { Changes } from '../sync/changes';
import { dropOp } from '../sync/echoes';
import { backoffMs } from '../transport/backoff';
import type { Clock, Timer } from '../transport/types';
import { localKey, type Op, wire } from './ops';
import { lacksAddress, type UploadHost, Uploads } from './uploads';

/** So long after the server took it, an op whose echo did not come lies in a gap of the timeline. */
const ECHO_WITHIN_MS = 30_000;

/** The queue of a room waits so long at most because the server asks for it. */
const WAITS_MOST_MS = 60_000;

export type QueueHost = UploadHost & Pick<Core, 'liveSince' | 'request' | 'http'>;

export type NewOp = Pick<Op, 'roomId' | 'kind' | 'target' | 'type' | 'content' | 'attachments'> & {
  readonly txnId?: string | undefined;
};

export class SendQueue {
  private readonly busy = new Set<string>();
  private readonly waits = new Map<string, Timer>();
  /** Rooms of which the server said that they are not encrypted, and at which `liveSince`. */
  private readonly plain = new Map<string, number>();
  private failures = 0;
  private stopped = false;
  private readonly uploads: Uploads;

  constructor(
    private readonly host: QueueHost,
    private readonly clock: Clock,
  ) {
    this.uploads = new Uploads(
      host,
      {
        mayGo: async (op) => {
          await this.askAboutEncryption(op);
          this.refusePlainText(op);
        },
        store: (op) => this.set(op),
        ready: (roomId) => void this.runRoom(roomId),
      },
      clock,
    );
    for (const op of host.account.ops.values()) {
      if (op.state === 'sent') {
        this.expectEcho(op.txnId);
      }
    }
  }

  /**
   * Puts an op in the queue, with the bytes of its files; resolves when it cannot get lost any more. Rejects
   * `ENCRYPTED_ROOM`, and `STORAGE` when the disk has no place for it.
   */
  async add(fresh: NewOp, files: ReadonlyMap<string, Blob> = new Map()): Promise<Op> {
    this.refusePlainText(fresh);
    const orders = [...this.host.account.ops.values()].map((op) => op.order);
    const op: Op = {
      ...fresh,
      txnId: fresh.txnId ?? newTransaction(this.clock.now()),
      order: Math.max(0, ...orders) + 1,
      ts: this.clock.now(),
      state: 'queued',
      eventId: null,
      error: null,
    };
    try {
      await this.set(op, files);
    } catch (error) {
      // Not on disk, so not in the queue: the page keeps the text and says why.
      this.host.account.ops.delete(op.txnId);
      const changes = new Changes();
      changes.rooms.add(op.roomId);
      changes.event(op.roomId, op.target ?? localKey(op.txnId));
      void this.host.commit(changes).catch(() => undefined);
      throw error;
    }
    this.run();
    return op;
  }

  /** Sends what waits, in every room, at once. */
  run(): void {
    for (const timer of this.waits.values()) {
      timer.cancel();
    }
    this.waits.clear();
    this.uploads.run();
    for (const roomId of new Set([...this.host.account.ops.values()].map((op) => op.roomId))) {
      void this.runRoom(roomId);
    }
  }

  stop(): void {
    this.stopped = true;
    this.uploads.stop();
    for (const timer of this.waits.values()) {
      timer.cancel();
    }
  }

  /** Failed ops behind a row: a message's own, or the changes of an event. */
  async retry(roomId: string, key: string): Promise<void> {
    for (const op of this.behind(roomId, key).filter((known) => known.state === 'failed')) {
      await this.set({ ...op, state: 'queued', error: null });
    }
    this.run();
  }

  /** Forgets ops that the server did not take; what may be on its way can no longer be stopped. */
  async cancel(roomId: string, key: string): Promise<void> {
    const ops = this.behind(roomId, key);
    for (const op of ops) {
      await this.forget(op);
    }
    if (ops.length === 0) {
      throw onItsWay();
    }
  }

  /** Forgets one op; rejects when it is on its way or done. */
  async forget(op: Op): Promise<void> {
    if (op.state !== 'queued' && op.state !== 'failed') {
      throw onItsWay();
    }
    const changes = new Changes();
    dropOp(this.host.account, op, changes);
    this.uploads.cancel(op.txnId);
    await this.host.commit(changes);
  }

  private behind(roomId: string, key: string): Op[] {
    const { account } = this.host;
    return account.opsOf(roomId).filter((op) => {
      return localKey(op.txnId) === key || (op.target !== null && account.keyOf({ event_id: op.target }) === key);
    });
  }

  private async runRoom(roomId: string): Promise<void> {
    if (this.busy.has(roomId) || this.waits.has(roomId) || this.stopped) {
      return;
    }
    this.busy.add(roomId);
    let waitMs: number | null = null;
    try {
      for (let op = this.next(roomId); op !== null && waitMs === null; op = this.next(roomId)) {
        waitMs = await this.send(op);
      }
    } finally {
      this.busy.delete(roomId);
    }
    if (waitMs !== null && !this.stopped) {
      const again = () => {
        this.waits.delete(roomId);
        void this.runRoom(roomId);
      };
      this.waits.set(roomId, this.clock.after(waitMs, again));
    }
  }

  /** The first waiting op of a room whose state we know to be current: else it might be encrypted by now. */
  private next(roomId: string): Op | null {
    const { account } = this.host;
    if (this.stopped || !this.host.isLive() || account.state(roomId, 'm.room.create') === null) {
      return null;
    }
    return account.opsOf(roomId).find((op) => op.state === 'queued' && !lacksAddress(op)) ?? null;
  }

  /** Sends one op; returns how long to wait before the same one again, null when it is settled. */
  private async send(op: Op): Promise<number | null> {
    this.replace({ ...op, state: 'sending' });
    try {
      await this.askAboutEncryption(op);
      this.refusePlainText(op);
      const answer = await this.host.request(...wire(op));
      this.failures = 0;
      await this.settle(op, { state: 'sent', eventId: typeof answer.event_id === 'string' ? answer.event_id : null });
      return null;
    } catch (error) {
      const info = errorInfo(error);
      if (this.stopped) {
        return null;
      }
      if (info.errcode === 'STORAGE') {
        // It is sent; only the note of it failed. After a reload it goes out again under its id, and is not doubled.
        return null;
      }
      // Who has to wait for long, in slow mode say, is told so and decides; what comes after it does not wait.
      const isLong = (info.retryAfterMs ?? 0) > WAITS_MOST_MS;
      if ((isPassing(info) && !isLong) || info.status === 401) {
        this.replace({ ...op, state: 'queued' });
        this.failures += 1;
        return info.retryAfterMs ?? Math.max(250, backoffMs(this.failures, this.clock.random()));
      }
      await this.settle(op, { state: 'failed', error: info }).catch(() => undefined);
      return null;
    }
  }

  /** Notes the outcome, unless the echo was faster and the op is gone. */
  private async settle(op: Op, outcome: Partial<Op>): Promise<void> {
    const { account } = this.host;
    if (!account.ops.has(op.txnId)) {
      return;
    }
    const eventId = outcome.eventId ?? null;
    if (eventId !== null && op.kind === 'message') {
      account.keys.set(eventId, localKey(op.txnId));
    }
    if (eventId !== null && account.timelines.get(op.roomId)?.event(eventId) !== undefined) {
      const changes = new Changes();
      dropOp(account, op, changes);
      changes.event(op.roomId, eventId);
      await this.host.commit(changes);
      return;
    }
    await this.set({ ...op, ...outcome });
    if (outcome.state === 'sent') {
      this.expectEcho(op.txnId);
    }
  }

  private expectEcho(txnId: string): void {
    this.clock.after(ECHO_WITHIN_MS, () => {
      const op = this.host.account.ops.get(txnId);
      if (op?.state !== 'sent' || this.stopped) {
        return;
      }
      if (!this.host.isLive()) {
        this.expectEcho(txnId);
        return;
      }
      const changes = new Changes();
      dropOp(this.host.account, op, changes);
      void this.host.commit(changes).catch(() => undefined);
    });
  }

  /** Never a plain text into an encrypted room: asked when it is queued, and again when it goes out. */
  private refusePlainText(op: NewOp): void {
    const harmless = op.kind === 'redaction' && Object.keys(op.content).length === 0;
    if (this.host.account.encrypted.has(op.roomId) && !harmless) {
      throw failure('ENCRYPTED_ROOM', 'this client cannot encrypt yet; nothing is sent in plain text');
    }
  }

  /** A room may have been encrypted after something was written for it without a connection: ask before it goes out. */
  private async askAboutEncryption({ roomId, ts }: Op): Promise<void> {
    const since = this.host.liveSince();
    const { account } = this.host;
    if (ts > since || this.plain.get(roomId) === since || account.encrypted.has(roomId)) {
      return;
    }
    try {
      await this.host.http({ method: 'GET', path: path`/_matrix/client/v3/rooms/${roomId}/state/m.room.encryption` });
    } catch (error) {
      if (errorInfo(error).errcode !== 'M_NOT_FOUND') {
        throw error;
      }
      this.plain.set(roomId, since);
      return;
    }
    account.encrypted.add(roomId);
    const changes = new Changes();
    changes.put('encrypted', roomId, roomId);
    changes.rooms.add(roomId);
    await this.host.commit(changes);
  }

  private replace(op: Op): Changes {
    const changes = new Changes();
    if (this.host.account.ops.has(op.txnId)) {
      this.host.account.ops.set(op.txnId, op);
    }
    changes.rooms.add(op.roomId);
    changes.event(op.roomId, op.target ?? localKey(op.txnId));
    return changes;
  }

  private async set(op: Op, files: ReadonlyMap<string, Blob> = new Map()): Promise<void> {
    this.host.account.ops.set(op.txnId, op);
    const changes = this.replace(op);
    for (const [key, blob] of files) {
      changes.put('blobs', key, blob);
    }
    changes.put('outbox', op.txnId, op);
    await this.host.commit(changes);
  }
}

function onItsWay(): CommandError {
  return failure('CANCELLED', 'it is already on its way');
}
