import { expect, test, vi } from 'vitest';
import type { Database } from '../../src/engine/db/database';
import { Keeping } from '../../src/engine/keeping';
import type { Op } from '../../src/engine/send/ops';
import { Changes } from '../../src/engine/sync/changes';

const full = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
const settled = () => new Promise((done) => setTimeout(done));

/** A session of which each write is decided by the test; `look` looks whether there is space. */
function keeping() {
  const ops = new Map<string, Op>();
  const replaced: string[][] = [];
  const write = vi.fn<Database['write']>(full);
  const replacing = vi.fn(async () => undefined);
  const database = {
    write,
    probe: async () => undefined,
    replaceUnsent: async (unsent: Iterable<Op>) => {
      replaced.push([...unsent].map((op) => op.txnId));
      await replacing();
    },
  } as unknown as Database;
  const host = {
    breaks: () => 0,
    mended: () => undefined,
    full: vi.fn(),
    space: vi.fn(),
    unsent: () => ({ ops: ops.values(), reads: {} }),
  };
  const due = new Set<() => void>();
  const clock = {
    now: () => 0,
    random: () => 0,
    after: (_ms: number, run: () => void) => {
      due.add(run);
      return { cancel: () => void due.delete(run) };
    },
  };
  const look = async () => {
    for (const run of due) run();
    await settled();
  };
  const kept = new Keeping(database, host, clock);
  const send = (txnId: string) => {
    ops.set(txnId, { txnId } as Op);
    return kept.keep(new Changes());
  };
  return { due, host, kept, look, replaced, replacing, send, write };
}

test('a message that comes while the disk gets what waits is on it before the session starts anew', async () => {
  const { host, look, replaced, replacing, send } = keeping();
  await send('one');
  replacing.mockImplementationOnce(async () => {
    await send('two');
    return undefined;
  });
  let before: string[][] = [];
  host.space.mockImplementation(() => {
    before = [...replaced];
  });
  await look();
  expect(before).toEqual([['one'], ['one', 'two']]);
});

test('a message that is in memory alone is not lost when a delta is refused at the same moment', async () => {
  const { kept, send, write } = keeping();
  let refuse = () => undefined as unknown;
  write.mockImplementationOnce(() => new Promise((_done, failed) => (refuse = () => failed(new Error('full')))));
  const delta = kept.write([]);
  await send('one');
  refuse();
  await expect(delta).resolves.toBeUndefined();
});

test('what a full disk does not take of who has stopped is refused, so that the page keeps it', async () => {
  const { due, host, kept, look, replaced, send } = keeping();
  await send('one');
  kept.stop();
  await expect(send('two')).rejects.toMatchObject({ info: { errcode: 'STORAGE' } });
  await look();
  expect([due.size, replaced, host.space.mock.calls]).toEqual([0, [], []]);
});

test('nothing of who signs out in the middle of a look is put onto the disk', async () => {
  const { due, kept, replaced, send } = keeping();
  await send('one');
  for (const run of due) run();
  kept.stop();
  await settled();
  expect(replaced).toEqual([]);
});
