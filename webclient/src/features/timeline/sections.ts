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

function runsOf(rows: readonly Row[]): (Exclude<Row, { type: 'item' }> | { type: 'run'; keys: string[] })[] {
  const runs: ReturnType<typeof runsOf> = [];
  for (const row of rows) {
    const last = runs[runs.length - 1];
    if (row.type !== 'item') runs.push(row);
    else if (last?.type === 'run' && (row.place === 'middle' || row.place === 'last')) last.keys.push(row.key);
    else runs.push({ type: 'run', keys: [row.key] });
  }
  return runs;
}

/** Sections for `rows`, taking over those of `before` that hold the same: a group that grows stays the same object. */
export function sectionsOf(rows: readonly Row[], before: readonly Section[]): Section[] {
  const marks = new Map(before.map((section) => [section.id, section]));
  const groups = new Map<string, Group>();
  for (const section of before) {
    if (section.type === 'group') for (const key of section.keys()) groups.set(key, section);
  }
  const taken = new Set<Group>();
  return runsOf(rows).map((run) => {
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
