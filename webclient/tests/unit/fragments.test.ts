import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addLive, addRun, type Fragment } from '../../src/engine/sync/fragments';

function run(ids: readonly string[], older: string | null = null, newer: string | null = null): Fragment {
  return {
    ids,
    older: older === null ? null : { token: older },
    newer: newer === null ? null : { token: newer },
    live: false,
  };
}

const letters = (text: string) => text.split('');

describe('fragments', () => {
  test('two runs with an event in common become one, with the tokens of the outer ends', () => {
    const joined = addRun([run(letters('abc'), 'A', 'C')], run(letters('cde'), 'x', 'E'));
    expect(joined).toEqual([run(letters('abcde'), 'A', 'E')]);
  });

  test('a run between two fragments joins them', () => {
    const joined = addRun([run(letters('ab'), 'A'), run(letters('ef'), null, 'F')], run(letters('bcde'), 'x', 'y'));
    expect(joined).toEqual([run(letters('abcdef'), 'A', 'F')]);
  });

  test('runs without a common event stay apart', () => {
    expect(addRun([run(letters('ab'))], run(letters('de')))).toHaveLength(2);
  });

  test('a gap in the stream leaves the live fragment behind, with an event to go on from', () => {
    const before = addLive([], letters('ab'), { gap: false, older: { token: 'A' } });
    const after = addLive(before, letters('de'), { gap: true, older: { token: 'D' } });
    expect(after).toEqual([
      { ids: letters('ab'), older: { token: 'A' }, newer: { event: 'b' }, live: false },
      { ids: letters('de'), older: { token: 'D' }, newer: null, live: true },
    ]);
  });

  test('a gap that is none, because the runs overlap, is closed', () => {
    const before = addLive([], letters('abc'), { gap: false, older: { token: 'A' } });
    const after = addLive(before, letters('bcd'), { gap: true, older: { token: 'B' } });
    expect(after).toEqual([{ ids: letters('abcd'), older: { token: 'A' }, newer: null, live: true }]);
  });

  test('what comes twice is there once', () => {
    const before = addLive([], letters('ab'), { gap: false, older: null });
    expect(addLive(before, letters('bc'), { gap: false, older: null })[0]?.ids).toEqual(letters('abc'));
  });

  test('runs of one order, taken in any order, always give that order back', () => {
    const spans = fc.array(fc.tuple(fc.nat(29), fc.integer({ min: 1, max: 10 })), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(spans, (parts) => {
        const all = Array.from({ length: 40 }, (_, n) => `$${n}`);
        const fragments = parts.reduce<Fragment[]>(
          (known, [from, length]) => addRun(known, run(all.slice(from, from + length))),
          [],
        );
        const ids = fragments.flatMap((fragment) => fragment.ids);
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(ids)).toEqual(new Set(parts.flatMap(([from, length]) => all.slice(from, from + length))));
        for (const fragment of fragments) {
          const first = all.indexOf(fragment.ids[0] ?? '');
          expect(fragment.ids).toEqual(all.slice(first, first + fragment.ids.length));
        }
      }),
    );
  });
});
