import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Commands, Scheduled } from './contract';
import { setFeatures } from './pages';
import { forgetScheduled, loadScheduled, scheduledIn, sendNow } from './scheduled';

beforeEach(() => {
  vi.useFakeTimers();
  setFeatures(new Set(['org.matrix.msc4140']));
});

afterEach(() => {
  forgetScheduled();
  vi.useRealTimers();
});

const waits = { id: 'd1', roomId: '!a:x', body: { kind: 'text', text: 'later' }, at: 60_000 } as unknown as Scheduled;

function server() {
  const scheduled = vi.fn(async () => [{ ...waits, at: Date.now() + 60_000 }]);
  return { scheduled, commands: { scheduled } as unknown as Commands };
}

test('what waits is asked for again once when it is due, however often it was asked for before', async () => {
  const { scheduled, commands } = server();
  await Promise.all([loadScheduled(commands), loadScheduled(commands)]);
  await vi.advanceTimersByTimeAsync(62_000);
  expect(scheduled).toHaveBeenCalledTimes(3);
});

test('nobody sees what somebody else wrote for later before them', async () => {
  const { scheduled, commands } = server();
  await loadScheduled(commands);
  expect(scheduledIn('!a:x')).toHaveLength(1);
  forgetScheduled();
  expect(scheduledIn('!a:x')).toEqual([]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(scheduled).toHaveBeenCalledOnce();
});

test('what was told to go now is gone as soon as the server has sent it, though it was listed at first', async () => {
  const { scheduled, commands } = server();
  const sendScheduled = vi.fn(async () => undefined);
  await sendNow({ ...commands, sendScheduled } as unknown as Commands, 'd1');
  await loadScheduled(commands);
  expect(scheduledIn('!a:x')).toHaveLength(1);
  scheduled.mockResolvedValue([]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(scheduledIn('!a:x')).toEqual([]);
});
