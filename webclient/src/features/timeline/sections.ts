/** Rows of the timeline as the document holds them: whole groups of bubbles, with an identity that outlives changes. */
import { type Accessor, createSignal, type Setter } from 'solid-js';
import type { Row } from '../../model/grouping';

/** A day pill, the unread line, or a run of items of one sender (service lines stand alone). */
export type Section =
  | { readonly type: 'day'; readonly id: string; readonly dayStart: number }
  | { readonly type: 'unread'; readonly id: string }
  | Group;

export interface Group {
  readonly type: 'group';
  readonly id: string;
  readonly keys: Accessor<readonly string[]>;
  readonly setKeys: Setter<readonly string[]>;
}

type Run = Exclude<Row, { type: 'item' }> | { type: 'run'; keys: string[] };

function runsOf(rows: readonly Row[]): Run[] {
  const runs: Run[] = [];
  for (const row of rows) {
    const last = runs[runs.length - 1];
    if (row.type !== 'item') runs.push(row);
    else if (last?.type === 'run' && (row.place === 'middle' || row.place === 'last')) last.keys.push(row.key);
    else runs.push({ type: 'run', keys: [row.key] });
  }
  return runs;
}

/** From so many on, lines that say the same of several people become one. */
const crowd = 3;

/** Joins runs of neighbouring lines with the same sort: `sortOf` names what a line says, null for what stands alone. */
function gathered(runs: readonly Run[], sortOf: (key: string) => string | null): Run[] {
  const out: Run[] = [];
  let open: string[] = [];
  let sort: string | null = null;
  const close = () => {
    if (open.length >= crowd) out.push({ type: 'run', keys: open });
    else out.push(...open.map((key): Run => ({ type: 'run', keys: [key] })));
    open = [];
  };
  for (const run of runs) {
    const next = run.type === 'run' && run.keys.length === 1 ? sortOf(run.keys[0] ?? '') : null;
    if (next === null || next !== sort) close();
    sort = next;
    if (next !== null && run.type === 'run') open.push(...run.keys);
    else out.push(run);
  }
  close();
  return out;
}

/** Sections for `rows`, taking over those of `before` that hold the same: a group that grows stays the same object. */
export function sectionsOf(
  rows: readonly Row[],
  before: readonly Section[],
  sortOf: (key: string) => string | null,
): Section[] {
  const marks = new Map(before.map((section) => [section.id, section]));
  const groups = new Map<string, Group>();
  for (const section of before) {
    if (section.type === 'group') for (const key of section.keys()) groups.set(key, section);
  }
  const taken = new Set<Group>();
  return gathered(runsOf(rows), sortOf).map((run) => {
    if (run.type !== 'run') {
      const same = marks.get(run.key);
      if (same && same.type === run.type) return same;
      return run.type === 'day'
        ? { type: 'day', id: run.key, dayStart: run.dayStart }
        : { type: 'unread', id: run.key };
    }
    const old = run.keys.map((key) => groups.get(key)).find((group) => group && !taken.has(group));
    if (old) {
      taken.add(old);
      const kept = old.keys();
      if (kept.length !== run.keys.length || kept.some((key, at) => key !== run.keys[at])) old.setKeys(run.keys);
      return old;
    }
    const [keys, setKeys] = createSignal<readonly string[]>(run.keys);
    return { type: 'group', id: run.keys[0] ?? '', keys, setKeys };
  });
}
