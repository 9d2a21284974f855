/** The mirror store: a Solid store that is changed by the engine's patches alone. */
import { batch } from 'solid-js';
import { createStore, produce, reconcile, unwrap } from 'solid-js/store';
import type { Patch } from '../engine/rpc';
import type { MirrorState, Room, RoomId, TimelineItem } from './contract';
import { noOwn } from './own';

type Mutable<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

export function emptyState(): MirrorState {
  return {
    session: { phase: 'loading' },
    connection: { status: 'connecting', transport: null, retryAt: null },
    rooms: {},
    roomOrder: [],
    invites: [],
    listReady: false,
    users: {},
    members: {},
    membersComplete: {},
    typing: {},
    timelines: {},
    drafts: {},
    own: structuredClone(noOwn),
  };
}

const isSame = (some: readonly string[], others: readonly string[]) =>
  some.length === others.length && some.every((one, at) => one === others[at]);

export interface Mirror {
  readonly state: MirrorState;
  /** Applies patches in one batch, so that views see all of a delta or nothing of it. */
  apply(patches: readonly Patch[]): void;
  /** Shows a message of mine at the end of a view, before the engine tells of it; not where older messages are looked at. */
  echo(view: string, item: TimelineItem): void;
  /** Takes it back, unless the engine has told of it. */
  forgetEcho(view: string, key: string): void;
  /** Shows a room otherwise than the engine tells of it; `change` null: as it is. One room at a time. */
  showAs(roomId: RoomId, change: ((room: Room) => Room) | null): void;
}

export function createMirror(initial: MirrorState = emptyState()): Mirror {
  const [state, setState] = createStore<Mutable<MirrorState>>(initial as Mutable<MirrorState>);

  /** Keys at the end of each view that the engine has not told of yet. */
  const echoes = new Map<string, readonly string[]>();

  /** The room that is shown otherwise: how, and what the engine told of it last. */
  let changed: { readonly told: Room; readonly change: (room: Room) => Room } | null = null;

  const setRoom = (told: Room): void => {
    let room = told;
    if (changed?.told.id === told.id) {
      changed = { ...changed, told };
      // What is in the store is changed in place: what was told is not.
      room = changed.change(structuredClone(told));
    }
    setState('rooms', told.id, reconcile(room as Mutable<Room>));
  };

  const applyOne = (patch: Patch): void => {
    switch (patch.p) {
      case 'session':
        setState('session', reconcile(patch.session as Mutable<typeof patch.session>));
        return;
      case 'connection':
        setState('connection', reconcile(patch.connection));
        return;
      case 'rooms':
        for (const [id, room] of Object.entries(patch.rooms)) {
          if (room === null) {
            if (changed?.told.id === id) changed = null;
            setState(
              'rooms',
              produce((rooms) => void delete rooms[id]),
            );
          } else {
            setRoom(room);
          }
        }
        return;
      case 'order':
        // A list that is set is looked through by all who use it, also when it is the same.
        if (!isSame(unwrap(state).roomOrder, patch.rooms)) setState('roomOrder', [...patch.rooms]);
        if (!isSame(unwrap(state).invites, patch.invites)) setState('invites', [...patch.invites]);
        setState('listReady', patch.ready);
        return;
      case 'users':
        for (const [id, user] of Object.entries(patch.users)) {
          setState('users', id, reconcile(user));
        }
        return;
      case 'members':
        setState('members', patch.roomId, (known) => known ?? {});
        for (const [id, member] of Object.entries(patch.members)) {
          if (member === null) {
            setState(
              'members',
              patch.roomId,
              produce((members) => void delete members[id]),
            );
          } else {
            setState('members', patch.roomId, id, reconcile(member));
          }
        }
        setState('membersComplete', patch.roomId, patch.complete);
        return;
      case 'typing':
        setState('typing', patch.roomId, [...patch.users]);
        return;
      case 'draft':
        setState(
          'drafts',
          produce((drafts) => {
            if (patch.draft === null) {
              delete drafts[patch.roomId];
            } else {
              drafts[patch.roomId] = patch.draft;
            }
          }),
        );
        return;
      case 'own':
        setState('own', reconcile(patch.own as Mutable<typeof patch.own>));
        return;
      case 'timeline':
        applyTimeline(patch);
        return;
      case 'closed':
        echoes.delete(patch.roomId);
        setState(
          'timelines',
          produce((timelines) => void delete timelines[patch.roomId]),
        );
        return;
      case 'clear':
        echoes.clear();
        changed = null;
        setState(reconcile(emptyState() as Mutable<MirrorState>));
    }
  };

  const forget = (view: string, gone: readonly string[], kept: ReadonlySet<string>): void =>
    setState(
      'timelines',
      view,
      'events',
      produce((events) => {
        for (const key of gone) {
          if (!kept.has(key)) {
            delete events[key];
          }
        }
      }),
    );

  const applyTimeline = (patch: Extract<Patch, { p: 'timeline' }>): void => {
    const known = state.timelines[patch.roomId];
    const ahead = echoes.get(patch.roomId) ?? [];
    const before = known === undefined ? [] : unwrap(known).items;
    const items = before.slice(0, before.length - ahead.length);
    const gone =
      patch.splice === null ? [] : items.splice(patch.splice.at, patch.splice.remove, ...patch.splice.insert);
    if (ahead.length > 0) {
      // They stay at the end of what is live, until they are told of.
      const still = patch.flags.live ? ahead.filter((key) => !items.includes(key)) : [];
      echoes.set(patch.roomId, still);
      items.push(...still);
      gone.push(...ahead);
    }
    if (known === undefined) {
      setState('timelines', patch.roomId, { ...patch.flags, items, events: { ...patch.events } } as Mutable<
        MirrorState['timelines'][string]
      >);
      return;
    }
    for (const [key, item] of Object.entries(patch.events)) {
      setState('timelines', patch.roomId, 'events', key, reconcile(item as Mutable<typeof item>));
    }
    if (patch.splice !== null || !patch.flags.live) {
      if (!isSame(before, items)) setState('timelines', patch.roomId, 'items', items);
      if (gone.length > 0) forget(patch.roomId, gone, new Set(items));
    }
    setState('timelines', patch.roomId, patch.flags);
  };

  return {
    state: state as MirrorState,
    apply: (patches) =>
      batch(() => {
        for (const patch of patches) {
          applyOne(patch);
        }
      }),
    echo: (view, item) => {
      const known = unwrap(state).timelines[view];
      if (!known?.live) {
        return;
      }
      echoes.set(view, [...(echoes.get(view) ?? []), item.key]);
      batch(() => {
        setState('timelines', view, 'events', item.key, item as Mutable<TimelineItem>);
        setState('timelines', view, 'items', [...known.items, item.key]);
      });
    },
    forgetEcho: (view, key) => {
      const ahead = echoes.get(view) ?? [];
      if (!ahead.includes(key)) {
        return;
      }
      echoes.set(
        view,
        ahead.filter((one) => one !== key),
      );
      batch(() => {
        setState('timelines', view, 'items', (items) => items.filter((one) => one !== key));
        forget(view, [key], new Set());
      });
    },
    showAs: (roomId, change) => {
      const known = unwrap(state).rooms[roomId];
      const told = changed?.told.id === roomId ? changed.told : structuredClone(known as Room | undefined);
      if (changed !== null && (change === null || changed.told.id !== roomId)) {
        const { told: before } = changed;
        changed = null;
        setRoom(before);
      }
      if (change !== null && told !== undefined) {
        changed = { told, change };
        setRoom(told);
      }
    },
  };
}
