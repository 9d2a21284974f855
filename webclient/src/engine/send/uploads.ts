/**
 * Uploads the files of what waits in the queue, one after the other. An op goes to the wire once all its files have an
 * address; texts written later need not wait for a film. What was uploaded is noted on disk, so that a reload goes on
 * with the next file, and an encrypted room never gets the bytes of a plain one.
 */
import { withAddress } from '../../model/outgoing';
import { errorInfo } from '../../store/errors';
import { failure, isPassing } from '../api/http';
import type { Core } from '../core';
import { Changes } from '../sync/changes';
import { backoffMs } from '../transport/backoff';
import type { Clock, Timer } from '../transport/types';
import { localKey, type Op } from './ops';

const SHOW_EVERY_MS = 100;

export type UploadHost = Pick<Core, 'account' | 'isLive' | 'commit' | 'blob' | 'upload'>;

export interface UploadEvents {
  /** Rejects when nothing may be sent in plain text into this op's room. */
  mayGo(op: Op): Promise<void>;
  store(op: Op): Promise<void>;
  /** All files of this op have an address. */
  ready(roomId: string): void;
}

export class Uploads {
  private current: { readonly txnId: string; readonly abort: AbortController } | null = null;
  private timer: Timer | null = null;
  private failures = 0;
  private stopped = false;

  constructor(
    private readonly host: UploadHost,
    private readonly events: UploadEvents,
    private readonly clock: Clock,
  ) {}

  run(): void {
    this.timer?.cancel();
    this.timer = null;
    void this.loop();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.current?.abort.abort();
  }

  /** Ends the upload of an op that is being taken back. */
  cancel(txnId: string): void {
    if (this.current?.txnId === txnId) {
      this.current.abort.abort();
    }
  }

  private async loop(): Promise<void> {
    if (this.current !== null) {
      return;
    }
    for (let op = this.next(); op !== null; op = this.next()) {
      const abort = new AbortController();
      this.current = { txnId: op.txnId, abort };
      const waitMs = await this.one(op, abort.signal);
      this.current = null;
      if (waitMs !== null && !this.stopped) {
        this.timer = this.clock.after(waitMs, () => this.run());
        return;
      }
    }
  }

  private next(): Op | null {
    if (this.stopped || !this.host.isLive() || this.timer !== null) {
      return null;
    }
    const waiting = [...this.host.account.ops.values()].filter((op) => op.state === 'queued' && lacksAddress(op));
    return waiting.sort((a, b) => a.order - b.order)[0] ?? null;
  }

  /** Uploads the next file of an op; returns how long to wait before another try, null when it is settled. */
  private async one(op: Op, signal: AbortSignal): Promise<number | null> {
    const { account } = this.host;
    const index = (op.attachments ?? []).findIndex((attachment) => attachment.mxc === null);
    const attachment = op.attachments?.[index];
    if (attachment === undefined) {
      return null;
    }
    try {
      await this.events.mayGo(op);
      const file = await this.host.blob(attachment.blob);
      if (file === null) {
        throw failure('STORAGE', 'the file is not on this device any more');
      }
      const name = attachment.into === 'url' ? attachment.name : '';
      const mxc = await this.host.upload(file, { name, signal, progress: this.progressOf(op, index) });
      this.failures = 0;
      const now = account.ops.get(op.txnId);
      if (now !== undefined) {
        const attachments = (now.attachments ?? []).map((one, at) => (at === index ? { ...one, mxc } : one));
        const done: Op = { ...now, attachments, content: withAddress(now.content, attachment.into, mxc) };
        await this.events.store(done);
        if (!lacksAddress(done)) {
          account.uploaded.delete(op.txnId);
          this.events.ready(op.roomId);
        }
      }
      return null;
    } catch (error) {
      return this.failed(op, error);
    }
  }

  private async failed(op: Op, error: unknown): Promise<number | null> {
    const info = errorInfo(error);
    const now = this.host.account.ops.get(op.txnId);
    if (this.stopped || now === undefined) {
      return null;
    }
    this.host.account.uploaded.delete(op.txnId);
    if (isPassing(info) || info.status === 401) {
      this.failures += 1;
      return info.retryAfterMs ?? Math.max(250, backoffMs(this.failures, this.clock.random()));
    }
    await this.events.store({ ...now, state: 'failed', error: info }).catch(() => undefined);
    return null;
  }

  /** Notes how many bytes of all files of the op are sent, and shows it now and then. */
  private progressOf(op: Op, index: number): (sent: number) => void {
    const before = (op.attachments ?? []).slice(0, index).reduce((sum, one) => sum + one.size, 0);
    let shownAt = 0;
    return (sent) => {
      const { account } = this.host;
      const now = this.clock.now();
      if (!account.ops.has(op.txnId) || now - shownAt < SHOW_EVERY_MS) {
        return;
      }
      shownAt = now;
      account.uploaded.set(op.txnId, before + sent);
      const changes = new Changes();
      changes.event(op.roomId, localKey(op.txnId));
      void this.host.commit(changes).catch(() => undefined);
    };
  }
}

export function lacksAddress(op: Op): boolean {
  return (op.attachments ?? []).some((attachment) => attachment.mxc === null);
}
