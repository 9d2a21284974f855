/** All that lives and dies with a signed-in session: its account, its stream, what is taken in and what is sent. */
import type { Json } from '../model/events';
import type { ConnectionState } from '../store/contract';
import { errorInfo } from '../store/errors';
import type { HttpAnswer, HttpRequest } from './api/http';
import { type Method, twin } from './api/methods';
import type { Parts } from './commands';
import type { Disk } from './db/disk';
import type { Environment } from './environment';
import { Intake } from './intake';
import { Keeping } from './keeping';
import { Loader } from './loader';
import { Messages } from './messages';
import { People } from './people';
import type { LoadState, Page, Publisher } from './publisher';
import { Reading } from './reading';
import { SendQueue } from './send/queue';
import type { Session } from './session';
import { subscription } from './subscription';
import type { Account } from './sync/account';
import type { Changes } from './sync/changes';
import type { Fragment } from './sync/fragments';
import { finishRoom } from './sync/reducer';
import type { RoomTimeline } from './sync/timeline';
import { partners } from './sync/view-sets';
import { download, type UploadOptions, uploadFile } from './transfer';
import { Stream } from './transport/stream';
import type { StreamHost } from './transport/stream-host';

const READS = new Set<Method>(['messages', 'context', 'event', 'members']);
/** After a resume with nothing new no delta comes: then this silence says that all is here. */
const QUIET_MS = 500;
const UNTIL_MS = 10_000;
const WATCHED_MOST = 200;
const SILENCE_LOOK_MS = 60_000;
/** What asks for no longer than this is waited for without a word. */
const PATIENCE_MS = 5_000;

export const NOT_CONNECTED: ConnectionState = { status: 'connecting', transport: null, retryAt: null };

export interface RunningHost {
  readonly database: Disk;
  readonly session: Session;
  readonly publisher: Publisher;
  readonly environment: Environment;
  /** What the pages look at. */
  looking(): { readonly recent: readonly string[]; readonly open: readonly string[]; readonly visible: boolean };
  /** Drafts of these rooms came from another device. */
  drafted(rooms: ReadonlySet<string>): void;
  /** A write failed: memory and disk differ. */
  broken(): void;
  /** A write succeeded. */
  mended(): void;
  /** Writes that failed since the last that did not. */
  breaks(): number;
  /** The disk takes something again after it was full. */
  space(): void;
}

export interface Stored {
  readonly account: Account;
  readonly pos: string | null;
  /** Reads that were not sent yet. */
  readonly reads: unknown;
}

export class Running implements Parts {
  readonly account: Account;
  readonly queue: SendQueue;
  readonly loader: Loader;
  readonly people: People;
  readonly messages: Messages;
  readonly reading: Reading;
  connection: ConnectionState = NOT_CONNECTED;
  private wentLive = 0;
  private stopped = false;
  /** People of private chats: the list shows whether they are online. */
  private readonly watched = new Set<string>();
  private readonly intake: Intake;
  private readonly stream: Stream;
  private readonly keeping: Keeping;
  private waiting: { readonly holds: (account: Account) => boolean; readonly done: () => void }[] = [];

  constructor(
    stored: Stored,
    private readonly host: RunningHost,
  ) {
    this.account = stored.account;
    const keepingHost = {
      breaks: () => host.breaks(),
      mended: () => host.mended(),
      full: () => this.setConnection(this.connection),
      space: () => host.space(),
      unsent: () => ({ ops: stored.account.ops.values(), reads: this.reading.unsent() }),
    };
    this.keeping = new Keeping(host.database, keepingHost, host.environment.clock);
    this.intake = new Intake(stored.account, stored.pos, this.keeping, {
      applied: (changes) => {
        host.publisher.changed(changes);
        host.drafted(changes.drafts);
        this.settleWaiting();
        this.watch(changes.rooms);
      },
      caughtUp: () => this.caughtUp(),
      reset: () => host.publisher.hold(),
      release: () => host.publisher.release(),
      broken: () => host.broken(),
    });
    this.stream = new Stream(this.streamHost(), host.environment.clock);
    this.queue = new SendQueue(this, host.environment.clock);
    this.loader = new Loader(this);
    this.people = new People(this);
    this.messages = new Messages(this);
    this.reading = new Reading(this, stored.reads, host.environment.clock);
    this.watch(stored.account.rooms.keys());
  }

  start(): void {
    this.stream.start(this.wanted());
    this.queue.run();
    this.endSilence();
  }

  /** Lets chats be heard again whose time of silence is over; looks again every minute. */
  private endSilence(): void {
    if (this.stopped) {
      return;
    }
    if (this.isLive()) {
      const end = import('./groups').then(({ endSilences }) => endSilences(this, this.host.environment.clock.now()));
      // Without a network: looked at again soon.
      end.catch(() => undefined);
    }
    this.host.environment.clock.after(SILENCE_LOOK_MS, () => this.endSilence());
  }

  stop(): void {
    this.stopped = true;
    this.stream.stop();
    this.queue.stop();
    this.reading.stop();
    this.intake.stop();
    this.keeping.stop();
    this.setConnection(NOT_CONNECTED);
  }

  /** The device is back on a network or awake: see whether the connection lives, or connect now. */
  wake(): void {
    this.stream.wake();
  }

  /** What the pages look at has changed. */
  subscribe(): void {
    this.stream.subscribe(this.wanted());
  }

  async request(method: Method, params: Json): Promise<Json> {
    const { user_id: _mine, ...withoutUser } = params;
    const answer = this.stream.request(method, withoutUser);
    if (answer !== null) {
      try {
        return await answer;
      } catch (error) {
        if (errorInfo(error).errcode !== 'NETWORK' || !READS.has(method)) {
          throw error;
        }
      }
    }
    return this.http(twin(method, params));
  }

  exchange(request: HttpRequest): Promise<HttpAnswer> {
    return this.host.session.exchange(request);
  }

  deviceId(): string {
    return this.host.session.active?.deviceId ?? '';
  }

  /** Too many requests are no failure yet while the wait is short. */
  async http(request: HttpRequest): Promise<Json> {
    const { clock } = this.host.environment;
    const until = clock.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.host.session.call(request);
      } catch (error) {
        const { status, retryAfterMs } = errorInfo(error);
        const waitMs = retryAfterMs ?? 1_000;
        if (status !== 429 || clock.now() + waitMs > until) {
          throw error;
        }
        await new Promise<void>((done) => clock.after(waitMs, done));
      }
    }
  }

  blob(key: string): Promise<Blob | null> {
    return this.keeping.blob(key);
  }

  download(path: string): Promise<Blob> {
    return download(this.host.session, this.host.environment.fetch, path);
  }

  upload(file: Blob, options: UploadOptions): Promise<string> {
    return uploadFile(this.host.session, this.host.environment.upload, file, options);
  }

  async commit(changes: Changes): Promise<void> {
    for (const roomId of changes.rooms) {
      finishRoom(this.account, roomId, changes);
    }
    this.host.publisher.changed(changes);
    await this.keeping.keep(changes);
  }

  timeline(roomId: string): Promise<RoomTimeline> {
    return this.intake.timeline(roomId);
  }

  loading(roomId: string, state: Partial<LoadState>): void {
    this.host.publisher.loading(roomId, state);
  }

  look(page: Page, roomId: string, anchor: string | null): void {
    this.host.publisher.look(page, roomId, anchor);
  }

  older(page: Page, roomId: string): boolean {
    return this.host.publisher.older(page, roomId);
  }

  viewed(page: Page, roomId: string): Fragment | null {
    return this.host.publisher.viewed(page, roomId);
  }

  async until(holds: (account: Account) => boolean): Promise<void> {
    if (!holds(this.account)) {
      await new Promise<void>((done) => {
        this.waiting.push({ holds, done });
        this.host.environment.clock.after(UNTIL_MS, done);
      });
    }
  }

  isConnected(): boolean {
    return this.connection.transport !== null;
  }

  isLive(): boolean {
    return this.connection.status === 'live';
  }

  liveSince(): number {
    return this.wentLive;
  }

  /** Asks for the presence of those with whom these rooms are private chats. */
  private watch(rooms: Iterable<string>): void {
    const before = this.watched.size;
    for (const userId of partners(this.account, rooms)) {
      if (this.watched.size < WATCHED_MOST) {
        this.watched.add(userId);
      }
    }
    if (this.watched.size > before) {
      this.subscribe();
    }
  }

  private settleWaiting(): void {
    const met = this.waiting.filter(({ holds }) => holds(this.account));
    this.waiting = this.waiting.filter((waiter) => !met.includes(waiter));
    for (const { done } of met) {
      done();
    }
  }

  private streamHost(): StreamHost {
    const { session, environment } = this.host;
    return {
      base: session.active?.base ?? '',
      token: () => session.active?.accessToken ?? null,
      connect: environment.connect,
      exchange: (request) => session.exchange(request),
      me: this.account.me,
      isClassic: () => session.isClassic,
      askIfClassic: () => session.askIfClassic(),
      settled: () => this.intake.settled(),
      delta: (delta, stored) => this.intake.delta(delta, stored),
      reset: (stored) => this.intake.reset(stored),
      ready: () => this.connected(),
      lost: (retryInMs) => {
        const status = environment.online() ? 'connecting' : 'offline';
        const retryAt = retryInMs === null ? null : environment.clock.now() + retryInMs;
        this.setConnection({ status, transport: null, retryAt });
      },
      tokenRefused: (soft) => session.renew(soft, session.active?.accessToken),
      replaced: () => this.setConnection({ status: 'offline', transport: null, retryAt: null }),
    };
  }

  private connected(): void {
    this.setConnection({ status: 'updating', transport: this.stream.kind, retryAt: null });
    this.reading.flush();
    const before = this.intake.taken;
    this.host.environment.clock.after(QUIET_MS, () => {
      if (this.intake.taken === before) {
        this.caughtUp();
      }
    });
  }

  private caughtUp(): void {
    const transport = this.stream.kind;
    if (transport !== null && this.connection.status !== 'live') {
      this.wentLive = this.host.environment.clock.now();
      this.setConnection({ status: 'live', transport, retryAt: null });
    }
    if (this.intake.listGrew()) {
      this.subscribe();
    }
    // A room whose state just came may have something waiting.
    this.queue.run();
  }

  private wanted(): Json {
    const people = [...this.watched];
    return subscription({ me: this.account.me, wholeList: this.intake.wholeList, people, ...this.host.looking() });
  }

  private setConnection({ full: _before, ...connection }: ConnectionState): void {
    this.connection = {
      ...connection,
      ...(this.keeping.isFull ? { full: true } : {}),
      ...(this.keeping.lasts ? {} : { memory: true }),
    };
    this.host.publisher.tell({ p: 'connection', connection: this.connection });
  }
}
