/**
 * Files that could not be shown. What fails for a passing reason is asked for again: twice by itself, then when the
 * connection is back or somebody taps. What the server says it has not, or will not give, is not asked for again.
 */
import { createStore, unwrap } from 'solid-js/store';

export interface Trouble {
  /** `waiting`: for the next try; `again`: it runs; `refused`: by a server that will say the same again. */
  readonly state: 'waiting' | 'again' | 'failed' | 'refused' | 'gone';
  /** Tries made by itself since somebody, or the connection, asked for it. */
  readonly tries: number;
  /** Grows with each try: it becomes a part of the address, as browsers remember what failed. */
  readonly turn: number;
}

const pauses_ms = [1000, 3000];

const [troubles, setTroubles] = createStore<Record<string, Trouble | undefined>>({});
/** How often everything was asked for again. */
let rounds = 0;

/** What is wrong with the file at `place`; undefined when nothing is known to be. */
export const troubleOf = (place: string): Trouble | undefined => troubles[place];

/** Note that what is at `place` could not be shown. `ask` finds out with what HTTP status, 0 for no answer. */
export async function failedAt(place: string, ask: () => Promise<number>): Promise<void> {
  const { state, tries, turn } = unwrap(troubles)[place] ?? { state: 'again', tries: 0, turn: 0 };
  // It stands in the page more than once: one of them asks.
  if (state !== 'again') return;
  setTroubles(place, { state: 'waiting', tries, turn });
  const round = rounds;
  const status = await ask().catch(() => 0);
  const pause = round === rounds ? pauses_ms[tries] : pauses_ms[0];
  if (status === 404) setTroubles(place, { state: 'gone', tries, turn });
  else if (isLasting(status)) setTroubles(place, { state: 'refused', tries, turn });
  else if (pause === undefined) setTroubles(place, { state: 'failed', tries, turn });
  else setTimeout(() => setTroubles(place, { state: 'again', tries: tries + 1, turn: turn + 1 }), pause);
}

/** Ask for what failed once more, as from the beginning. */
export function tryAgain(place: string): void {
  const known = unwrap(troubles)[place];
  if (known?.state === 'failed' || known?.state === 'refused') {
    setTroubles(place, { state: 'again', tries: 0, turn: known.turn + 1 });
  }
}

/** The connection is back: what failed for a passing reason is asked for once more. */
export function tryAllAgain(): void {
  rounds += 1;
  for (const [place, known] of Object.entries(unwrap(troubles))) {
    if (known?.state === 'failed') tryAgain(place);
  }
}

function isLasting(status: number): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 429;
}
