import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { Database, openDisk } from '../../src/engine/db/database';
import { Memory } from '../../src/engine/db/memory';
import type { Op } from '../../src/engine/send/ops';
import { Homeserver } from './support/homeserver';
import { freshDatabase, signedIn, until } from './support/page';

const ROOM = '!room:test';

/** A database that no engine of this version can open. */
async function unreadable(): Promise<string> {
  const name = freshDatabase();
  await new Promise((opened) => {
    const opening = indexedDB.open(name, 99);
    opening.onsuccess = () => opened(opening.result.close());
  });
  return name;
}

test('an engine without a database works in memory and says so', async () => {
  const server = new Homeserver();
  server.room(ROOM, { name: 'Tea' });
  const page = await signedIn(server, await unreadable());
  expect(page.state.connection.memory).toBe(true);
  await page.commands.openRoom(ROOM);
  server.says(ROOM, '@bob:test', 'is it ready?');
  await until(() => page.bodies(ROOM).includes('is it ready?'));
  await page.commands.sendMessage(ROOM, { text: 'yes' });
  await until(() => page.bodies(ROOM).includes('yes'));
  await page.commands.logout();
  await until(() => page.state.session.phase === 'signedOut');
});

test('a database that opens is used, and says nothing', async () => {
  const page = await signedIn(new Homeserver(), freshDatabase());
  expect(page.state.connection.memory).toBeUndefined();
});

test.each([
  ['a database', () => openDisk(freshDatabase())],
  ['memory', async () => new Memory()],
])('%s gives back what it was given', async (_name, open) => {
  const disk = await open();
  expect(disk).toBeInstanceOf(_name === 'memory' ? Memory : Database);
  const record = { roomId: ROOM, ids: ['$1', '$2'], older: null };
  const event = (id: string) => ({
    type: 'm.room.message',
    event_id: id,
    sender: '@a:b',
    origin_server_ts: 1,
    content: {},
  });
  await disk.write([
    { store: 'kv', key: 'pos', value: 's1' },
    { store: 'kv', key: 'account_data m.direct', value: { a: 1 } },
    { store: 'encrypted', key: ROOM, value: ROOM },
    { store: 'timelines', key: ROOM, value: record },
    ...['$2', '$1'].map((id) => ({
      store: 'events' as const,
      key: [ROOM, id] as [string, string],
      value: { roomId: ROOM, event: event(id) },
    })),
  ]);
  const bad = { store: 'kv' as const, key: 'bad', value: () => 'functions cannot be stored' };
  await expect(disk.write([{ store: 'kv', key: 'pos', value: 's2' }, bad])).rejects.toThrow();
  const loaded = await disk.load('@me:test');
  expect(loaded.pos).toBe('s1');
  expect([...loaded.account.encrypted]).toEqual([ROOM]);
  expect(loaded.account.accountData.get('m.direct')).toEqual({ a: 1 });
  expect((await disk.timeline(ROOM)).live?.ids).toEqual(['$1', '$2']);
  const op = { txnId: 'one', state: 'queued' } as Op;
  await disk.replaceUnsent([op], new Map(), { [ROOM]: '$2' });
  expect([...(await disk.load('@me:test')).account.ops.keys()]).toEqual(['one']);
  await disk.write([], { forgetAll: true });
  expect((await disk.timeline(ROOM)).live).toBeNull();
  expect((await disk.load('@me:test')).account.accountData.size).toBe(0);
  expect(await disk.value('reads')).toEqual({ [ROOM]: '$2' });
  await disk.wipe();
  expect(await disk.value('reads')).toBeNull();
});
