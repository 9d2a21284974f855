import { expect, test, vi } from 'vitest';
import type { Database } from '../../src/engine/db/database';
import { Intake, type IntakeEvents } from '../../src/engine/intake';
import { Account } from '../../src/engine/sync/account';
import type { Write } from '../../src/engine/sync/changes';
import { RoomTimeline } from '../../src/engine/sync/timeline';

const delta = (pos: string) => ({ prev: null, pos, more: false, body: {} });

function slowDisk() {
  const written: { writes: readonly Write[]; done: () => void }[] = [];
  const write = (writes: readonly Write[]) => new Promise<void>((done) => written.push({ writes, done }));
  const database = { write, timeline: async (roomId: string) => new RoomTimeline(roomId) } as unknown as Database;
  return { written, database };
}

const silent: IntakeEvents = {
  applied: () => undefined,
  caughtUp: () => undefined,
  reset: () => undefined,
  release: () => undefined,
  broken: () => undefined,
};

const positions = (writes: readonly Write[] | undefined) =>
  writes?.filter((write) => write.store === 'kv' && write.key === 'pos').map((write) => write.value);

test('what comes while something is written is written together, and acknowledged when it is', async () => {
  const { written, database } = slowDisk();
  const intake = new Intake(new Account('@me:x'), null, database, silent);
  const stored: string[] = [];
  const take = (pos: string) => intake.delta(delta(pos), () => stored.push(pos));
  take('1');
  await vi.waitFor(() => expect(written).toHaveLength(1));
  take('2');
  take('3');
  written[0]?.done();
  await vi.waitFor(() => expect(written).toHaveLength(2));
  expect(stored).toEqual(['1']);
  expect(positions(written[1]?.writes)).toEqual(['3']);
  written[1]?.done();
  await vi.waitFor(() => expect(stored).toEqual(['1', '2', '3']));
  expect(await intake.settled()).toEqual({ pos: '3' });
});

test('what comes after a reset is not written with what came before it', async () => {
  const { written, database } = slowDisk();
  const intake = new Intake(new Account('@me:x'), null, database, silent);
  intake.delta(delta('1'), () => undefined);
  intake.reset(() => undefined);
  intake.delta(delta('2'), () => undefined);
  await vi.waitFor(() => expect(written).toHaveLength(1));
  written[0]?.done();
  await vi.waitFor(() => expect(written).toHaveLength(2));
  expect(positions(written[1]?.writes)).toEqual([undefined]);
  written[1]?.done();
  await vi.waitFor(() => expect(written).toHaveLength(3));
  expect(positions(written[2]?.writes)).toEqual(['2']);
});
