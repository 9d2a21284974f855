import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failedAt, troubleOf, tryAgain, tryAllAgain } from './troubles';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let last = 0;
const newPlace = () => {
  last += 1;
  return `/_media/test/${last}`;
};
const fails = (place: string, status: number) => failedAt(place, async () => status);
const stateOf = (place: string) => troubleOf(place)?.state;

test.each([0, 200, 401, 429, 500])(
  'what fails with %i is asked for twice by itself, then by whoever taps',
  async (status) => {
    const place = newPlace();
    for (const pauseMs of [1000, 3000]) {
      await fails(place, status);
      expect(stateOf(place)).toBe('waiting');
      await vi.advanceTimersByTimeAsync(pauseMs);
      expect(stateOf(place)).toBe('again');
    }
    await fails(place, status);
    expect(troubleOf(place)).toMatchObject({ state: 'failed', turn: 2 });
    tryAgain(place);
    expect(troubleOf(place)).toMatchObject({ state: 'again', turn: 3 });
    await fails(place, status);
    expect(stateOf(place)).toBe('waiting');
  },
);

test('what failed is asked for again when the connection is back, what is gone or refused is not', async () => {
  const [failed, gone, refused] = [newPlace(), newPlace(), newPlace()];
  for (const pauseMs of [1000, 3000, 0]) {
    await fails(failed, 0);
    await vi.advanceTimersByTimeAsync(pauseMs);
  }
  await fails(gone, 404);
  await fails(refused, 400);
  tryAllAgain();
  expect([failed, gone, refused].map(stateOf)).toEqual(['again', 'gone', 'refused']);
  tryAgain(gone);
  tryAgain(refused);
  expect([gone, refused].map(stateOf)).toEqual(['gone', 'again']);
});

test('what fails while the connection comes back is asked for again', async () => {
  const place = newPlace();
  for (const pauseMs of [1000, 3000]) {
    await fails(place, 0);
    await vi.advanceTimersByTimeAsync(pauseMs);
  }
  let answer: (status: number) => void = () => undefined;
  const failing = failedAt(place, () => new Promise((resolve) => (answer = resolve)));
  tryAllAgain();
  answer(0);
  await failing;
  await vi.advanceTimersByTimeAsync(1000);
  expect(stateOf(place)).toBe('again');
});

test('a file that stands in the page twice is asked for once', async () => {
  const place = newPlace();
  const ask = vi.fn(async () => 500);
  await Promise.all([failedAt(place, ask), failedAt(place, ask)]);
  await failedAt(place, ask);
  expect(ask).toHaveBeenCalledTimes(1);
});
