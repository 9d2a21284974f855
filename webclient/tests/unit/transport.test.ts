import { describe, expect, test } from 'vitest';
import { backoffMs, LONGEST_MS } from '../../src/engine/transport/backoff';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';

function serverWithRoom(): Homeserver {
  const server = new Homeserver();
  server.room(ROOM);
  return server;
}

function frames(server: Homeserver, type: string) {
  return server.wires.flatMap((wire) => wire.received).filter((frame) => frame.t === type);
}

describe('the socket', () => {
  test('carries the token in its first frame and nowhere else', async () => {
    const server = serverWithRoom();
    await signedIn(server);
    expect(server.calls.filter((call) => call.includes('token-1'))).toEqual([]);
    expect(frames(server, 'hello')[0]).toMatchObject({ v: [1], access_token: 'token-1', conn_id: 'web' });
  });

  test('acknowledges a delta after it was stored', async () => {
    const server = serverWithRoom();
    await signedIn(server);
    server.says(ROOM, '@bob:test', 'hi');
    await until(() => frames(server, 'ack').some((ack) => ack.pos === String(server.log.length)));
  });

  test('connects again where it was when a delta is missing', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.wires[0]?.emit({ t: 'delta', prev: '99', pos: '100', more: false, body: {} });
    await until(() => server.calls.filter((call) => call.startsWith('connect')).length === 2);
    server.says(ROOM, '@bob:test', 'whole again');
    await until(() => page.state.rooms[ROOM]?.preview?.body.text === 'whole again');
  });

  test('stays quiet when a newer connection took over', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.wires[0]?.emit({ t: 'bye', code: 4009 });
    await Promise.resolve();
    server.wires[0]?.drop(4009);
    await until(() => page.state.connection.status === 'offline');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.calls.filter((call) => call.startsWith('connect'))).toHaveLength(1);
  });

  test('subscribes to a room that is opened', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    await until(() => frames(server, 'sub').length > 0);
    expect(frames(server, 'sub').at(-1)).toMatchObject({
      sub: { room_subscriptions: { [ROOM]: { timeline_limit: 40 } } },
    });
  });
});

describe('without a way for sockets', () => {
  test('the stream comes by HTTP after three tries, from the same position, and sending works', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    server.socketsAllowed = false;
    server.cut();
    await until(() => page.state.connection.transport === 'sliding');
    expect(server.calls.filter((call) => call.startsWith('connect'))).toHaveLength(4);
    server.says(ROOM, '@bob:test', 'by post');
    await until(() => page.bodies(ROOM).includes('by post'));
    await page.commands.sendMessage(ROOM, { text: 'received' });
    await until(() => server.sends.length === 1);
    await until(() => page.bodies(ROOM).at(-1) === 'received');
    expect(page.bodies(ROOM)).toEqual(['by post', 'received']);
  });

  test('a forgotten position starts from nothing there too', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.socketsAllowed = false;
    server.forgetPositions = true;
    server.cut();
    server.says(ROOM, '@bob:test', 'afresh');
    await until(() => page.state.rooms[ROOM]?.preview?.body.text === 'afresh');
  });

  test('comes back when the whole server was away', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.socketsAllowed = false;
    server.httpAllowed = false;
    server.cut();
    await until(() => server.calls.filter((call) => call.startsWith('connect')).length > 5);
    server.socketsAllowed = true;
    server.httpAllowed = true;
    server.says(ROOM, '@bob:test', 'back');
    await until(() => page.state.rooms[ROOM]?.preview?.body.text === 'back');
  });
});

test('a delta that the disk refuses is not acknowledged, and comes again', async () => {
  const server = serverWithRoom();
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  server.says(ROOM, '@bob:test', 'hard to keep');
  await until(() => server.calls.filter((call) => call.startsWith('connect')).length > 1);
  expect(frames(server, 'ack').some((ack) => ack.pos === String(server.log.length))).toBe(false);
  IDBObjectStore.prototype.put = put;
  server.says(ROOM, '@bob:test', 'kept');
  await until(() => page.bodies(ROOM).includes('kept'));
  expect(page.bodies(ROOM)).toEqual(['hard to keep', 'kept']);
});

test('the wait between tries doubles up to a minute, all of it by chance', () => {
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 1))).toEqual([500, 1000, 2000, LONGEST_MS]);
  expect(backoffMs(5, 0)).toBe(0);
});
