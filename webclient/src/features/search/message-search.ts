/** Messages with some words, as they are typed; page by page. */
import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js';
import { useClient } from '../../store/context';
import type { Found } from '../../store/contract';
import { hasFeature } from '../../store/pages';
import type { Wish } from './filters';

const pause_ms = 300;
const shortest = 2;

/** Words are needed, unless the server itself knows how to choose without them. */
export function isEnough({ words, sender, kind }: Wish): boolean {
  const chosen = sender !== null || kind === 'files' || kind === 'links' || kind === 'voice';
  return words.length >= shortest || (words === '' && chosen && hasFeature('search'));
}

export function createMessageSearch(wish: Accessor<Wish>) {
  const { commands } = useClient();
  const [found, setFound] = createSignal<readonly Found[]>([]);
  const [count, setCount] = createSignal<number | null>(null);
  const [next, setNext] = createSignal<string | null>(null);
  const [busy, setBusy] = createSignal(false);
  const [failed, setFailed] = createSignal(false);
  let turn = 0;
  const load = async (from: string | null) => {
    turn += 1;
    const mine = turn;
    setBusy(true);
    setFailed(false);
    try {
      const query = { ...wish(), exact: hasFeature('search'), next: from };
      const page = await commands.searchMessages(query);
      if (mine !== turn) return;
      const marks = page.marks.length > 0 ? page.marks : query.words.split(/\s+/);
      const entries = page.entries.map((one) => ({ ...one, marks }));
      setFound((all) => (from === null ? entries : [...all, ...entries]));
      setCount(page.count);
      setNext(page.next);
    } catch {
      if (mine === turn) setFailed(true);
    } finally {
      if (mine === turn) setBusy(false);
    }
  };
  createEffect(
    on(wish, (now) => {
      turn += 1;
      setFound([]);
      setNext(null);
      setCount(null);
      setFailed(false);
      setBusy(false);
      if (!isEnough(now)) return;
      setBusy(true);
      const timer = setTimeout(() => void load(null), pause_ms);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  return {
    found,
    count,
    busy,
    failed,
    hasMore: () => next() !== null,
    more: () => void load(next()),
    again: () => void load(null),
  };
}
