import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { Database } from '../../src/engine/db/database';
import type { MatrixEvent } from '../../src/model/events';
import { freshDatabase } from './support/page';

function event(n: number, type = 'm.room.message'): MatrixEvent {
  return { type, event_id: `$${n}`, sender: '@bob:test', origin_server_ts: n, content: { body: `${n}` } };
}

/** Puts a room's timeline on disk as the engine does. */
async function stored(database: Database, roomId: string, events: readonly MatrixEvent[]) {
  const timeline = await database.timeline(roomId);
  timeline.addLive(events, { gap: false, older: null });
  const { record, put, remove } = timeline.toStore();
  await database.write([
    { store: 'timelines', key: roomId, value: record },
    ...put.map((one) => ({
      store: 'events' as const,
      key: [roomId, one.event_id] as [string, string],
      value: { roomId, event: one },
    })),
    ...remove.map((id) => ({ store: 'events' as const, key: [roomId, id] as [string, string], value: undefined })),
  ]);
}

test('a timeline comes back from disk as it was', async () => {
  const database = await Database.open(freshDatabase());
  await stored(database, '!a:test', [event(1, 'm.room.create'), event(2)]);
  await stored(database, '!a:test', [event(3)]);
  const live = (await database.timeline('!a:test')).live;
  expect(live).toEqual({ ids: ['$1', '$2', '$3'], older: null, newer: null, live: true });
});

test('of a long timeline the newest piece is kept, with a way on to the rest', async () => {
  const database = await Database.open(freshDatabase());
  const all = Array.from({ length: 300 }, (_, n) => event(n));
  await stored(database, '!a:test', all.slice(0, 250));
  await stored(database, '!a:test', all.slice(250));
  const live = (await database.timeline('!a:test')).live;
  expect(live?.ids.at(-1)).toBe('$299');
  expect(live?.ids).toHaveLength(100);
  expect(live?.older).toEqual({ event: live?.ids[0] });
});

test('rooms that are not kept lose all messages but the newest, which leads on to them', async () => {
  const database = await Database.open(freshDatabase());
  await stored(database, '!a:test', [event(0), event(1)]);
  await stored(database, '!b:test', [event(2)]);
  await database.keepTimelines(new Set(['!b:test']));
  const left = await database.timeline('!a:test');
  expect(left.live).toMatchObject({ ids: ['$1'], older: { event: '$1' } });
  expect(left.event('$0')).toBeUndefined();
  expect((await database.timeline('!b:test')).live?.ids).toEqual(['$2']);
});

test('a write that fails in the middle leaves nothing behind', async () => {
  const database = await Database.open(freshDatabase());
  const bad = { store: 'kv' as const, key: 'pos', value: () => 'functions cannot be stored' };
  await expect(database.write([{ store: 'kv', key: 'reads', value: 1 }, bad])).rejects.toThrow();
  expect(await database.value('reads')).toBeNull();
});
