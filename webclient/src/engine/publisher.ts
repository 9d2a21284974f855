/** Tells the pages what changed: gathered, and no more often than they can follow. */

import { roomOfView, rootOfView } from '../model/view-ids';
import type { ConnectionState, Draft, SessionState } from '../store/contract';
import {
  IDLE,
  type LoadState,
  type Missing,
  newlyOpen,
  type OpenRoom,
  refresh,
  showOlder,
  viewedFragment,
} from './open-room';
import { Pace } from './pace';
import type { Patch, ToPage } from './rpc';
import type { Account } from './sync/account';
import type { Changes } from './sync/changes';
import type { Fragment } from './sync/fragments';
import { roomOrder } from './sync/order';
import { ownView } from './sync/own-view';
import { partners, roomViews, userViews } from './sync/view-sets';
import { memberView, roomPowers } from './sync/views';
import type { Clock } from './transport/types';

export type { LoadState } from './open-room';

export interface Page {
  readonly post: (message: ToPage) => void;
  readonly open: Map<string, OpenRoom>;
}

export interface Published {
  readonly account: Account | null;
  readonly session: SessionState;
  readonly connection: ConnectionState;
  readonly drafts: ReadonlyMap<string, Draft>;
}

export class Publisher {
  private readonly pages = new Set<Page>();
  private readonly loads = new Map<string, LoadState>();
  private pending: Changes[] = [];
  private scheduled = false;
  private held = false;
  private readonly pace = new Pace();

  constructor(
    private readonly source: () => Published,
    private readonly missing: (what: Missing, roomId: string, eventId: string) => void,
    private readonly clock: Clock,
  ) {}

  get openRooms(): string[] {
    return [...new Set([...this.pages].flatMap((page) => [...page.open.keys()].map(roomOfView)))];
  }

  add(page: Page): void {
    this.pages.add(page);
    page.post({ t: 'patches', patches: this.everything() });
  }

  remove(page: Page): void {
    this.pages.delete(page);
  }

  /** Opens a view: a room, or a thread. */
  open(page: Page, view: string): void {
    page.open.set(view, page.open.get(view) ?? newlyOpen(rootOfView(view)));
    this.post(page, [...this.memberPatches(roomOfView(view), null), ...this.timelinePatch(page, view, null)]);
  }

  /** Looks at another place of an open room. */
  look(page: Page, roomId: string, anchor: string | null): void {
    const open = page.open.get(roomId);
    if (open !== undefined) {
      open.anchor = anchor;
      open.oldest = anchor === null ? null : open.oldest;
      this.post(page, this.timelinePatch(page, roomId, new Set()));
    }
  }

  /** Tells a page more of what is here; false when it was told all of it. */
  older(page: Page, roomId: string): boolean {
    const open = page.open.get(roomId);
    const shown = open !== undefined && showOlder(open, this.viewed(page, roomId));
    if (shown) {
      this.post(page, this.timelinePatch(page, roomId, new Set()));
    }
    return shown;
  }

  close(page: Page, roomId: string): void {
    page.open.delete(roomId);
    page.post({ t: 'patches', patches: [{ p: 'closed', roomId }] });
  }

  /** The fragment that a page looks at. */
  viewed(page: Page, roomId: string): Fragment | null {
    const { account } = this.source();
    const timeline = account?.timelines.get(roomId);
    const anchor = page.open.get(roomId)?.anchor ?? null;
    return !account || timeline === undefined ? null : viewedFragment(account, timeline, anchor);
  }

  loading(view: string, state: Partial<LoadState>): void {
    this.loads.set(view, { ...(this.loads.get(view) ?? IDLE), ...state });
    this.toEach((page) => (page.open.has(view) ? this.timelinePatch(page, view, new Set()) : []));
  }

  /** To all pages at once, e.g. a new connection state. */
  tell(patch: Patch): void {
    this.toEach(() => [patch]);
  }

  /** Another account, none, or the same from disk again: everything anew, with the rooms that stay open. */
  startOver(keepOpen: boolean): void {
    this.pending = [];
    this.held = false;
    this.loads.clear();
    for (const page of this.pages) {
      const views = keepOpen ? [...page.open.keys()] : [];
      page.open.clear();
      page.post({ t: 'patches', patches: this.everything() });
      for (const view of views) {
        this.open(page, view);
      }
    }
  }

  changed(changes: Changes): void {
    this.pending.push(changes);
    this.schedule();
  }

  /** Holds everything back till `release`, so that a reset does not show as an empty list. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.held || this.pending.length === 0) {
      return;
    }
    this.scheduled = true;
    const wait = this.pace.waitMs(this.clock.now());
    if (wait === 0) {
      queueMicrotask(() => this.flush());
    } else {
      this.clock.after(wait, () => this.flush());
    }
  }

  /** Tells what is gathered now, e.g. before the answer to the command that caused it. */
  flush(): void {
    this.scheduled = false;
    if (this.held || this.pending.length === 0) {
      return;
    }
    this.pace.told(this.clock.now());
    const all = this.pending;
    this.pending = [];
    const { account } = this.source();
    if (account === null) {
      return;
    }
    const shared = this.sharedPatches(account, all);
    const dirty = mergeSets(all.map((changes) => changes.events));
    const members = mergeSets(all.map((changes) => changes.members));
    this.toEach((page) => [
      ...shared,
      ...[...page.open.keys()].flatMap((view) => {
        const roomId = roomOfView(view);
        return [
          ...(members.has(roomId) ? this.memberPatches(roomId, members.get(roomId) ?? null) : []),
          ...this.timelinePatch(page, view, members.has(roomId) ? null : (dirty.get(roomId) ?? new Set())),
        ];
      }),
    ]);
  }

  private sharedPatches(account: Account, all: readonly Changes[]): Patch[] {
    const patches: Patch[] = [];
    const rooms = new Set(all.flatMap((changes) => [...changes.rooms]));
    const typing = new Set(all.flatMap((changes) => [...changes.typing]));
    const people = new Set(all.flatMap((changes) => [...changes.presence]));
    if (rooms.size > 0) {
      patches.push({ p: 'rooms', rooms: roomViews(account, rooms) });
    }
    for (const roomId of typing) {
      const users = account.typing.get(roomId) ?? [];
      patches.push({ p: 'typing', roomId, users });
      addAll(people, users);
    }
    if (all.some((changes) => changes.own)) {
      patches.push({ p: 'own', own: ownView(account) });
    }
    addAll(people, partners(account, rooms));
    if (people.size > 0) {
      patches.push({ p: 'users', users: userViews(account, people) });
    }
    if (all.some((changes) => changes.order) || rooms.size > 0) {
      patches.push({ p: 'order', ...roomOrder(account), ready: account.listReady });
    }
    return patches;
  }

  private everything(): Patch[] {
    const { account, session, connection, drafts } = this.source();
    const patches: Patch[] = [{ p: 'clear' }, { p: 'session', session }, { p: 'connection', connection }];
    if (account !== null) {
      const rooms = new Set(account.rooms.keys());
      patches.push(
        {
          p: 'users',
          users: userViews(account, new Set([account.me, ...account.presence.keys(), ...partners(account, rooms)])),
        },
        { p: 'own', own: ownView(account) },
        { p: 'rooms', rooms: roomViews(account, rooms) },
        { p: 'order', ...roomOrder(account), ready: account.listReady },
      );
      for (const [roomId, draft] of drafts) {
        patches.push({ p: 'draft', roomId, draft });
      }
    }
    return patches;
  }

  /** Members of one room, all of them or these; with what is known of them as users. */
  private memberPatches(roomId: string, only: ReadonlySet<string> | null): Patch[] {
    const { account } = this.source();
    if (account === null) {
      return [];
    }
    const known = account.members.get(roomId) ?? new Map();
    const powers = roomPowers(account, roomId);
    const ids = [...(only ?? known.keys())];
    const members = Object.fromEntries(
      ids.map((userId) => {
        const member = known.get(userId);
        return [userId, member === undefined ? null : memberView(account, member, powers)];
      }),
    );
    const complete = account.rooms.get(roomId)?.membersComplete ?? false;
    return [
      { p: 'users', users: userViews(account, new Set(ids)) },
      { p: 'members', roomId, members, complete },
    ];
  }

  private timelinePatch(page: Page, view: string, dirty: ReadonlySet<string> | null): Patch[] {
    const { account } = this.source();
    const open = page.open.get(view);
    if (account === null || open === undefined) {
      return [];
    }
    const load = this.loads.get(view) ?? IDLE;
    const patch = refresh(open, { account, roomId: roomOfView(view), load, dirty, missing: this.missing });
    return patch === null ? [] : [patch];
  }

  private toEach(patches: (page: Page) => Patch[]): void {
    for (const page of this.pages) {
      this.post(page, patches(page));
    }
  }

  private post(page: Page, patches: Patch[]): void {
    if (patches.length > 0) {
      page.post({ t: 'patches', patches });
    }
  }
}

function addAll(set: Set<string>, values: Iterable<string>): void {
  for (const value of values) {
    set.add(value);
  }
}

function mergeSets(maps: readonly ReadonlyMap<string, ReadonlySet<string>>[]): Map<string, Set<string>> {
  const merged = new Map<string, Set<string>>();
  for (const map of maps) {
    for (const [key, values] of map) {
      const set = merged.get(key) ?? new Set();
      addAll(set, values);
      merged.set(key, set);
    }
  }
  return merged;
}
