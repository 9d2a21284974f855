import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { untilThere } from './parts';

let online: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('addEventListener', (_name: string, listener: () => void) => {
    online = listener;
  });
  vi.stubGlobal('removeEventListener', () => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Fails so many times, then comes. */
function flaky(failures: number) {
  const tries = { count: 0 };
  const load = async () => {
    tries.count += 1;
    if (tries.count <= failures) throw new TypeError('Failed to fetch dynamically imported module');
    return 'part';
  };
  return { tries, load };
}

test('a part that cannot be fetched is asked for again, after longer and longer pauses, until it is there', async () => {
  const { tries, load } = flaky(2);
  const got = untilThere(load);
  await vi.advanceTimersByTimeAsync(999);
  expect(tries.count).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(tries.count).toBe(2);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await got).toBe('part');
});

test('a part is asked for at once when the device is back on a network', async () => {
  const { load } = flaky(1);
  const got = untilThere(load);
  await vi.advanceTimersByTimeAsync(10);
  online();
  expect(await got).toBe('part');
});
