/** The engine for all pages: who is signed in, what the pages look at, and their commands. */
import { roomOfView, rootOfView } from '../model/view-ids';
import type { Commands, Draft } from '../store/contract';
import { failure } from './api/http';
import { type AccountCommands, accountCommands } from './commands';
import { openDisk } from './db/database';
import type { Disk } from './db/disk';
import type { Environment } from './environment';
import { type Page, Publisher } from './publisher';
import type { CommandName, ToPage } from './rpc';
import { NOT_CONNECTED, Running } from './running';
import { Session } from './session';
import { draftContent, draftOf } from './sync/drafts';
import { DRAFT } from './sync/extensions';
import { roomOrder } from './sync/order';
import type { Timer } from './transport/types';

/** Rooms whose newest messages stay on disk: at about 120 kB each far below what browsers allow. */
const KEPT_TIMELINES = 200;

/** After the last key: then other devices learn of a draft. */
const DRAFT_PAUSE_MS = 1000;

type Command = (...args: readonly unknown[]) => unknown;

export class Engine {
  private readonly session: Session;
  private readonly publisher: Publisher;
  private running: Running | null = null;
  private starting: Promise<void> = Promise.resolve();
  private drafts = new Map<string, Draft>();
  private recent: readonly string[] = [];
  /** Writes that failed since the last that did not. */
  private breaks = 0;
  private readonly draftsToTell = new Set<string>();
  private draftTimer: Timer | null = null;
  private readonly visible = new Set<Page>();

  private constructor(
    private readonly environment: Environment,
    private readonly database: Disk,
  ) {
    this.session = new Session(database, environment.fetch, environment.candidates, () => this.sessionChanged());
    this.publisher = new Publisher(
      () => ({
        account: this.running?.account ?? null,
        session: this.session.state,
        connection: this.running?.connection ?? NOT_CONNECTED,
        drafts: this.drafts,
      }),
      (what, roomId, eventId) => this.running?.loader[what](roomId, eventId),
      environment.clock,
    );
  }

  static async start(environment: Environment): Promise<Engine> {
    const engine = new Engine(environment, await openDisk(environment.databaseName));
    void engine.session.load();
    return engine;
  }

  attach(post: (message: ToPage) => void): Page {
    const page: Page = { post, open: new Map() };
    this.visible.add(page);
    this.publisher.add(page);
    return page;
  }

  detach(page: Page): void {
    this.publisher.remove(page);
    this.visible.delete(page);
    this.running?.subscribe();
  }

  async call(page: Page, name: CommandName, args: readonly unknown[]): Promise<unknown> {
    const own: Readonly<Record<string, unknown>> = { ...this.ownCommands(page) };
    await this.starting;
    const command = Object.hasOwn(own, name) ? own[name] : await this.accountCommand(page, name);
    if (typeof command !== 'function') {
      throw failure('BAD_ANSWER', `no command ${name}`);
    }
    const value = await (command as Command)(...args);
    // So that the page knows what it caused when its command ends.
    this.publisher.flush();
    return value;
  }

  private async accountCommand(page: Page, name: CommandName): Promise<unknown> {
    const running = this.signedIn();
    const known: Readonly<Record<string, unknown>> = { ...accountCommands(running, page) };
    if (Object.hasOwn(known, name)) {
      return known[name];
    }
    const { rareCommands } = await import('./rare-commands').catch(() => {
      throw failure('NETWORK', 'a part of the engine cannot be fetched');
    });
    const rare: Readonly<Record<string, unknown>> = { ...rareCommands(running) };
    return Object.hasOwn(rare, name) ? rare[name] : undefined;
  }

  /** The device is back on a network, or awake. */
  wake(): void {
    this.running?.wake();
  }

  /** Stops everything at once; a newer engine goes on with the database. */
  stop(): void {
    this.stopRunning();
    this.database.close();
  }

  private ownCommands(page: Page): Omit<Commands, keyof AccountCommands> {
    return {
      discover: (server) => this.session.discover(server),
      usernameAvailable: (server, username) => this.session.usernameAvailable(server, username),
      login: async (request) => {
        await this.session.login(request);
        await this.starting;
      },
      loginByToken: async (request) => {
        await this.session.loginByToken(request);
        await this.starting;
      },
      requestSmsCode: (request) => this.session.requestSmsCode(request),
      loginBySms: async (request) => {
        const outcome = await this.session.loginBySms(request);
        await this.starting;
        const photo = request.signUp?.photo ?? null;
        if (outcome.done && photo !== null) {
          const commands = accountCommands(this.signedIn(), page);
          const shown = commands.uploadFile(photo, 'photo.jpg').then((mxc) => commands.setAvatar(mxc));
          // Like a name, it can be set later: no reason to keep anybody out.
          await shown.catch(() => null);
        }
        return outcome;
      },
      signInState: (request) => this.session.signInState(request),
      register: async (request) => {
        const outcome = await this.session.register(request);
        await this.starting;
        return outcome;
      },
      logout: async () => {
        this.stopRunning();
        await this.session.logout();
      },
      reconnect: async () => this.wake(),
      openRoom: async (view) => {
        const roomId = roomOfView(view);
        const root = rootOfView(view);
        const running = this.signedIn();
        await running.timeline(roomId);
        this.publisher.open(page, view);
        if (root !== null) {
          await running.loader.newestOfThread(roomId, root);
          return;
        }
        this.recent = [...this.recent.filter((known) => known !== roomId), roomId];
        this.running?.subscribe();
      },
      closeRoom: async (roomId) => {
        this.publisher.close(page, roomId);
        this.running?.subscribe();
      },
      setDraft: (roomId, draft) => this.setDraft(roomId, draft),
      setVisible: async (visible) => this.setVisible(page, visible),
    };
  }

  private setVisible(page: Page, visible: boolean): void {
    const wasAny = this.visible.size > 0;
    this.visible[visible ? 'add' : 'delete'](page);
    if (wasAny !== this.visible.size > 0) {
      this.running?.subscribe();
    }
    if (visible) {
      this.wake();
    }
  }

  private async setDraft(roomId: string, draft: Draft | null): Promise<void> {
    if (draft === null) {
      this.drafts.delete(roomId);
    } else {
      this.drafts.set(roomId, draft);
    }
    this.publisher.tell({ p: 'draft', roomId, draft });
    const value = draft === null ? undefined : { roomId, draft };
    // On a full disk it stays in memory, and the server gets it all the same.
    await this.database.write([{ store: 'drafts', key: roomId, value }]).catch(() => undefined);
    this.draftsToTell.add(roomId);
    this.draftTimer?.cancel();
    this.draftTimer = this.environment.clock.after(DRAFT_PAUSE_MS, () => this.tellDrafts());
  }

  /** Brings drafts to my other devices. */
  private tellDrafts(): void {
    const running = this.running;
    if (running === null || !running.isConnected()) {
      return;
    }
    for (const roomId of this.draftsToTell) {
      this.draftsToTell.delete(roomId);
      const draft = this.drafts.get(roomId) ?? null;
      if (running.account.rooms.get(roomId)?.membership === 'join' && !running.account.encrypted.has(roomId)) {
        const content = draftContent(draft, running.deviceId(), this.environment.clock.now());
        const params = { user_id: running.account.me, room_id: roomId, type: DRAFT, content };
        void running.request('account_data', params).catch(() => undefined);
      }
    }
  }

  /** Takes drafts that another device of mine has left. */
  private takeDrafts(rooms: ReadonlySet<string>): void {
    for (const roomId of rooms) {
      const running = this.running;
      const content = running?.account.rooms.get(roomId)?.accountData[DRAFT];
      if (running === null || content === undefined || content.device === running.deviceId()) {
        continue;
      }
      const draft = draftOf(content);
      if (draft === null) {
        this.drafts.delete(roomId);
      } else {
        this.drafts.set(roomId, draft);
      }
      this.publisher.tell({ p: 'draft', roomId, draft });
      const value = draft === null ? undefined : { roomId, draft };
      void this.database.write([{ store: 'drafts', key: roomId, value }]).catch(() => undefined);
    }
  }

  private sessionChanged(): void {
    const { phase } = this.session.state;
    const userId = this.session.userId;
    if (this.running !== null && this.running.account.me !== userId) {
      this.stopRunning();
    }
    if (this.running === null && userId !== null) {
      this.starting = this.startRunning(userId, false);
      return;
    }
    if (this.running === null) {
      if (phase === 'signedOut') {
        this.environment.forget();
      }
      this.publisher.startOver(false);
      return;
    }
    this.publisher.tell({ p: 'session', session: this.session.state });
    if (phase === 'signedIn') {
      // Signed in again after a soft logout: go on where it was.
      this.starting = this.startRunning(this.running.account.me, true);
    }
  }

  /** Starts from what is stored; `again`: in place of what runs, with the rooms that pages have open. */
  private async startRunning(me: string, again: boolean): Promise<void> {
    this.stopRunning();
    const { account, pos, drafts } = await this.database.load(me);
    const reads = await this.database.value('reads');
    this.drafts = drafts;
    if (account.rooms.size > KEPT_TIMELINES) {
      const kept = new Set(roomOrder(account).rooms.slice(0, KEPT_TIMELINES));
      await this.database.keepTimelines(kept).catch(() => undefined);
    }
    const running = new Running(
      { account, pos, reads },
      {
        database: this.database,
        session: this.session,
        publisher: this.publisher,
        environment: this.environment,
        looking: () => ({
          recent: this.recent,
          open: this.publisher.openRooms,
          visible: this.visible.size > 0,
        }),
        drafted: (rooms) => this.takeDrafts(rooms),
        // The disk refused a write: start from what is stored, with some space made.
        broken: () => {
          this.breaks += 1;
          this.starting = this.makeRoom().then(() => this.startRunning(me, true));
        },
        mended: () => {
          this.breaks = 0;
        },
        breaks: () => this.breaks,
        space: () => {
          this.starting = this.session.keep().then(() => this.startRunning(me, true));
        },
      },
    );
    this.running = running;
    if (again) {
      await Promise.all(this.publisher.openRooms.map((roomId) => running.timeline(roomId)));
    }
    this.publisher.startOver(again);
    if (this.session.active !== null) {
      running.start();
    }
  }

  /** Messages of chats that nobody looks at come again when they are wanted: for what is new they give way. */
  private async makeRoom(): Promise<void> {
    this.stopRunning();
    await this.database.keepTimelines(new Set(this.publisher.openRooms)).catch(() => undefined);
  }

  private stopRunning(): void {
    const running = this.running;
    this.running = null;
    running?.stop();
  }

  private signedIn(): Running {
    if (this.running === null) {
      throw failure('M_MISSING_TOKEN', 'not signed in', 401);
    }
    return this.running;
  }
}
