import { expect, test } from 'vitest';
import { Pace } from './pace';

/** When pages are told of changes that come at these times, ms. */
function toldAt(changes: readonly number[]): number[] {
  const pace = new Pace();
  const told: number[] = [];
  for (const at of changes) {
    const last = told.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (last < at) {
      told.push(at + pace.waitMs(at));
      pace.told(told.at(-1) ?? 0);
    }
  }
  return told;
}

const every = (ms: number, count: number) => Array.from({ length: count }, (_, at) => at * ms);

test('what comes after a quiet moment is told at once', () => {
  expect(toldAt([1000, 1200, 1400, 1600, 1800, 2000, 2200, 2400])).toEqual([
    1000, 1200, 1400, 1600, 1800, 2000, 2200, 2400,
  ]);
});

test('a few changes are told once a frame', () => {
  expect(toldAt([0, 1, 2, 20, 22, 40])).toEqual([0, 16, 32, 48]);
});

test('while fifty messages a second come, pages are told at most ten times, and each at most 100 ms late', () => {
  const changes = every(20, 100);
  const told = toldAt(changes);
  expect(told.filter((at) => at >= 1000 && at < 2000).length).toBeLessThanOrEqual(10);
  expect(Math.max(...changes.map((at) => Math.min(...told.filter((one) => one >= at)) - at))).toBeLessThanOrEqual(100);
});

test('after a rush, what comes is told at once again', () => {
  const rush = every(20, 100);
  expect(toldAt([...rush, 2500, 2510]).slice(-2)).toEqual([2500, 2516]);
});
