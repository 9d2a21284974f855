import { expect, test } from 'vitest';
import { around, changesOf, filled, filling, keep, most, newer, older, opening, slice, tailOf } from './window';

const keys = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `$${from + at}`);

test('a long timeline opens with its newest sixty rows', () => {
  expect(tailOf(500)).toEqual({ from: 440, to: 500 });
  expect(tailOf(7)).toEqual({ from: 0, to: 7 });
});

test('a chat opens where reading ended, however many rows of it are here below that', () => {
  expect(opening(500, { read: 399, first: 400 }, 800)).toEqual({ from: 370, to: 430 });
  expect(opening(500, { read: 470, first: 471 }, 800)).toEqual(tailOf(500));
});

test('a chat that was read opens with what is in sight, and then has one slice', () => {
  const first = opening(500, null, 680);
  expect(first).toEqual({ from: 480, to: 500 });
  expect(filled(first)).toEqual(tailOf(500));
  expect(filled({ from: 470, to: 501 })).toEqual({ from: 441, to: 501 });
  expect(filled({ from: 370, to: 430 })).toEqual({ from: 370, to: 430 });
  expect(filled(opening(7, null, 800))).toEqual({ from: 0, to: 7 });
  expect(filling(4000)).toBe(slice);
});

test('the row read last and the first unread one are both there, whatever else is told between them', () => {
  expect(opening(500, { read: 300, first: 340 }, 800)).toEqual({ from: 300, to: 370 });
  expect(opening(500, { read: 200, first: 400 }, 800)).toEqual(tailOf(500));
});

test('scrolling up adds sixty rows and never shows more than a hundred and twenty', () => {
  const once = older(tailOf(500));
  expect(once).toEqual({ from: 380, to: 500 });
  expect(older(once)).toEqual({ from: 320, to: 440 });
  expect(older({ from: 20, to: 140 })).toEqual({ from: 0, to: 120 });
});

test('scrolling down comes back to the newest row', () => {
  let view = { from: 100, to: 220 };
  for (let step = 0; step < 10; step += 1) view = newer(view, 500);
  expect(view).toEqual({ from: 380, to: 500 });
});

test('a jump puts the row in the middle of one slice', () => {
  expect(around(500, 250)).toEqual({ from: 220, to: 280 });
  expect(around(500, 3)).toEqual({ from: 0, to: 60 });
  expect(around(500, 499)).toEqual({ from: 440, to: 500 });
});

test('older history that arrives leaves the shown rows as they are', () => {
  expect(keep({ from: 0, to: 60 }, keys(100, 160), keys(40, 160), false)).toEqual({ from: 60, to: 120 });
});

test('a new message comes in at once for a reader at the end, and many old rows go together', () => {
  const full = { from: 0, to: most };
  expect(keep(full, keys(0, most), keys(0, most + 1), true)).toEqual({ from: 0, to: most + 1 });
  const fullest = { from: 0, to: most + slice };
  const all = most + slice + 1;
  expect(keep(fullest, keys(0, most + slice), keys(0, all), true)).toEqual({ from: all - most, to: all });
});

test('a new message waits below for a reader further up whose view is full', () => {
  expect(keep({ from: 0, to: most }, keys(0, most), keys(0, most + 1), false)).toEqual({ from: 0, to: most });
  expect(keep({ from: 0, to: 60 }, keys(0, 200), keys(0, 201), false)).toEqual({ from: 0, to: 60 });
});

test('a withdrawn local message only leaves a gap', () => {
  expect(keep({ from: 0, to: 3 }, ['a', 'b', 'c'], ['a', 'c'], true)).toEqual({ from: 0, to: 2 });
});

test('another run of messages is shown from its end', () => {
  expect(keep({ from: 0, to: 60 }, keys(0, 60), keys(500, 600), false)).toEqual({ from: 40, to: 100 });
});

test('only what is newer than all before is news', () => {
  let now = ['b', 'c'];
  const isNews = changesOf(() => now[now.length - 1]);
  now = ['a', 'b', 'c'];
  expect(isNews()).toBe(false);
  now = ['a', 'b', 'c', 'd'];
  expect([isNews(), isNews()]).toEqual([true, false]);
});
