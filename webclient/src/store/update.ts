/** Whether the server has a newer page than the one that is open. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { MirrorState } from './contract';

const look_every_ms = 30 * 60_000;

const [isOld, setOld] = createSignal(false);

/** A newer page is there: a reload has it. */
export { isOld };

/** The files by which a page begins; another build has others. */
export function entriesIn(html: string): readonly string[] {
  return [...html.matchAll(/<script[^>]+src="([^"]+)"/g)].map(([, address]) => address ?? '');
}

/** Look now and then, and whenever the server is back: it may be a new one. Call once, under an owner. */
export function watchUpdates(state: MirrorState): void {
  const look = async () => {
    if (isOld()) return;
    try {
      const answer = await fetch('/', { cache: 'no-cache' });
      const now = document.querySelector('script[type=module][src]')?.getAttribute('src') ?? '';
      const entries = answer.ok ? entriesIn(await answer.text()) : [];
      setOld(entries.length > 0 && !entries.includes(now));
    } catch {
      // Without a network: later.
    }
  };
  const timer = setInterval(() => void look(), look_every_ms);
  onCleanup(() => clearInterval(timer));
  createEffect(
    on(
      () => state.connection.status === 'live',
      (live, before) => {
        if (live && before === false) void look();
        return live;
      },
    ),
  );
}
