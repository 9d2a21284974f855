/** People as somebody types: those I know at once, those of the directory and the one of a full address after a moment. */
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js';
import { useClient } from './context';
import type { Profile, UserId } from './contract';
import { knownName, me } from './people';

const pause_ms = 250;
const most = 50;

export const isUserId = (words: string): boolean => /^@[^:\s]+:\S+$/.test(words);

export interface FoundPerson extends Profile {
  /** Given by its full address; nobody answered for it. */
  readonly unknown: boolean;
}

export function createPeopleSearch(words: Accessor<string>): Accessor<readonly FoundPerson[]> {
  const { state, commands } = useClient();
  const [found, setFound] = createSignal<readonly FoundPerson[]>([]);
  createEffect(
    on(words, (typed) => {
      const term = typed.trim();
      setFound([]);
      if (term.length < 2) return;
      const take = (people: readonly FoundPerson[]) => {
        if (words().trim() === term) setFound((before) => [...before, ...people]);
      };
      const timer = setTimeout(() => {
        void commands.searchPeople(term).then(
          (people) => take(people.map((one) => ({ ...one, unknown: false }))),
          () => undefined,
        );
        if (!isUserId(term)) return;
        void commands.searchUser(term).then(
          (one) => take([{ ...one, unknown: false }]),
          () => take([{ userId: term, name: term, avatar: null, unknown: true }]),
        );
      }, pause_ms);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  const near = createMemo(() => {
    const needle = words().trim().toLocaleLowerCase();
    const partners = Object.values(state.rooms).flatMap((room) => room.dmUserId ?? []);
    return [...new Set<UserId>([...Object.keys(state.own.contacts), ...partners])]
      .map((userId) => ({
        userId,
        name: knownName(state, userId),
        avatar: state.users[userId]?.avatar ?? null,
        unknown: false,
      }))
      .filter((one) => `${one.name} ${one.userId}`.toLocaleLowerCase().includes(needle));
  });
  return createMemo(() => {
    const seen = new Set<UserId>([me(state)]);
    return [...near(), ...found()].filter((one) => !seen.has(one.userId) && seen.add(one.userId)).slice(0, most);
  });
}
