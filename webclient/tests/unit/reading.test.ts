import { expect, test, vi } from 'vitest';
import type { Core } from '../../src/engine/core';
import { Reading } from '../../src/engine/reading';
import { Account } from '../../src/engine/sync/account';
import { CommandError } from '../../src/store/errors';

const settled = () => new Promise((done) => setTimeout(done));
const busy = () =>
  Promise.reject(new CommandError({ errcode: 'M_UNKNOWN', message: 'busy', status: 503, retryAfterMs: null }));

/** Reads of three chats that a busy server takes none of; time goes on by hand. */
function reading() {
  const due = new Set<() => void>();
  const clock = {
    now: () => 0,
    random: () => 0.5,
    after: (_ms: number, run: () => void) => {
      due.add(run);
      return { cancel: () => void due.delete(run) };
    },
  };
  const request = vi.fn(busy);
  const core = { account: new Account('@me:x'), isConnected: () => true, request, commit: async () => undefined };
  const stored = { '!a:x': '$a', '!b:x': '$b', '!c:x': '$c' };
  /** Until all that was due, one after the other, has had its answers. */
  const pass = async () => {
    for (const run of [...due]) {
      if (due.delete(run)) run();
      await settled();
    }
  };
  return { due, pass, request, reads: new Reading(core as unknown as Core, stored, clock) };
}

test('receipts that a busy server refuses go out again together, each once a round', async () => {
  const { pass, request, reads } = reading();
  reads.flush();
  await settled();
  for (let round = 1; round <= 4; round += 1) {
    expect(request).toHaveBeenCalledTimes(3 * round);
    await pass();
  }
});

test('nothing goes out for who has stopped, also when an answer comes after that', async () => {
  const { due, request, reads } = reading();
  reads.flush();
  reads.stop();
  await settled();
  expect(request).toHaveBeenCalledTimes(3);
  expect(due.size).toBe(0);
});
