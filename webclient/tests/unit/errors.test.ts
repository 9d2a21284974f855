/** What bad answers, no answers and a full disk do to a page. */
import { describe, expect, test, vi } from 'vitest';
import { exchange } from '../../src/engine/api/http';
import { Homeserver } from './support/homeserver';
import { openPage, signedIn, until } from './support/page';

const ROOM = '!room:test';
const OTHER = '!other:test';

type Answer = () => Response | Promise<Response>;

const json = (status: number, body: object) => () => new Response(JSON.stringify(body), { status });
const limit = (ms: number) => json(429, { errcode: 'M_LIMIT_EXCEEDED', error: 'slow down', retry_after_ms: ms });

/** A server whose next answers over HTTP to paths that end like this are these; sockets are refused. */
function troubled(ending: string, answers: Answer[]): Homeserver {
  const server = new Homeserver();
  server.room(ROOM);
  server.room(OTHER);
  server.socketsAllowed = false;
  const well = server.fetch;
  const fetch: typeof well = (input, init) => {
    const answer = new URL(input).pathname.endsWith(ending) ? answers.shift() : undefined;
    return answer === undefined ? well(input, init) : Promise.resolve(answer());
  };
  return Object.assign(server, { fetch });
}

function disk(put: typeof IDBObjectStore.prototype.put) {
  return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(put);
}

function full(): never {
  throw new DOMException('full', 'QuotaExceededError');
}

describe('an action', () => {
  test('is tried again without a word while the server asks for a short wait', async () => {
    const page = await signedIn(troubled('/kick', [limit(20), limit(20)]));
    await page.commands.kick(ROOM, '@bob:test');
  });

  test('is given up, with the wait, when the server asks for a long one', async () => {
    const page = await signedIn(troubled('/kick', [limit(60_000)]));
    await expect(page.commands.kick(ROOM, '@bob:test')).rejects.toMatchObject({
      info: { errcode: 'M_LIMIT_EXCEEDED', status: 429, retryAfterMs: 60_000 },
    });
  });

  test.each([
    ['what the server forbids', json(403, { errcode: 'M_FORBIDDEN', error: 'no' }), 'M_FORBIDDEN', 403],
    ['a server in trouble', json(500, { errcode: 'M_UNKNOWN', error: 'oh' }), 'M_UNKNOWN', 500],
    ['a page of a proxy', () => new Response('<html>', { status: 502 }), 'NETWORK', 502],
    ['an answer that is none of ours', () => new Response('<html>', { status: 200 }), 'BAD_ANSWER', 200],
    ['no answer', () => Promise.reject(new TypeError('unreachable')), 'NETWORK', 0],
  ])('fails with its reason for %s', async (_what, answer, errcode, status) => {
    const page = await signedIn(troubled('/kick', [answer]));
    await expect(page.commands.kick(ROOM, '@bob:test')).rejects.toMatchObject({ info: { errcode, status } });
  });
});

test('a call without an answer ends at its deadline', async () => {
  const never = (_input: string, { signal }: RequestInit) =>
    new Promise<Response>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  const request = { method: 'GET', path: '/x', timeoutMs: 20 } as const;
  await expect(exchange(never, 'http://home.test', null, request)).rejects.toMatchObject({
    info: { errcode: 'NETWORK' },
  });
});

describe('older messages', () => {
  test('that do not come are told, and come with the next try', async () => {
    const server = troubled('/messages', [json(500, { errcode: 'M_UNKNOWN', error: 'oh' })]);
    server.timelineLimit = 5;
    for (let n = 0; n < 20; n += 1) server.says(ROOM, '@bob:test', `m${n}`);
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    await page.commands.loadOlder(ROOM).catch(() => undefined);
    await until(() => page.timeline(ROOM).loadError !== null);
    expect(page.timeline(ROOM).loadError).toMatchObject({ errcode: 'M_UNKNOWN', status: 500 });
    expect(page.bodies(ROOM)).toContain('m19');
    await page.commands.loadOlder(ROOM);
    await until(() => page.timeline(ROOM).loadError === null && page.bodies(ROOM).includes('m0'));
  });
});

describe('a message', () => {
  test.each([
    ['too many requests', limit(20)],
    ['a server in trouble', json(503, { errcode: 'M_UNKNOWN', error: 'oh' })],
    ['a page of a proxy', () => new Response('<html>', { status: 504 })],
    ['no answer', () => Promise.reject(new TypeError('unreachable'))],
  ])('waits, and goes out once, after %s', async (_what, answer) => {
    const server = new Homeserver();
    server.room(ROOM);
    server.socketsAllowed = false;
    const well = server.fetch;
    const answers = [answer];
    const fetch: typeof well = (input, init) => {
      const bad = input.includes('/send/') ? answers.shift() : undefined;
      return bad === undefined ? well(input, init) : Promise.resolve(bad());
    };
    const page = await signedIn(Object.assign(server, { fetch }));
    await page.commands.openRoom(ROOM);
    const key = await page.commands.sendMessage(ROOM, { text: 'once' });
    await until(() => page.timeline(ROOM).events[key]?.delivery === 'sent');
    expect(server.sends.length).toBe(1);
  });
});

describe('a full disk', () => {
  test('keeps what is there readable, says so, and takes what is new once there is space', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    server.says(ROOM, '@bob:test', 'kept');
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    await until(() => page.bodies(ROOM).includes('kept'));
    const broken = disk(full);
    server.says(ROOM, '@bob:test', 'new');
    await until(() => page.state.connection.full === true);
    expect(page.bodies(ROOM)).toContain('kept');
    broken.mockRestore();
    await until(() => page.bodies(ROOM).includes('new') && page.state.connection.full === undefined);
  });

  test('keeps nobody out: who signs in there, and whose token ends, goes on', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    const broken = disk(full);
    const page = await openPage(server);
    await until(() => page.state.session.phase === 'signedOut');
    await page.commands.login({ server: null, user: 'ann', password: 'right' });
    await until(() => page.state.connection.full === true && page.state.connection.status === 'live');
    server.token = 'token-2';
    server.cut();
    await page.commands.openRoom(ROOM);
    server.says(ROOM, '@bob:test', 'still here?');
    await until(() => page.bodies(ROOM).includes('still here?'));
    broken.mockRestore();
    await until(() => page.state.connection.full === undefined && page.state.connection.status === 'live');
    page.engine.stop();
    expect((await signedIn(server, page.databaseName)).state.session.phase).toBe('signedIn');
  });

  test('makes chats that nobody looks at give way to what is new', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    server.room(OTHER);
    const page = await signedIn(server);
    await page.commands.openRoom(OTHER);
    server.says(OTHER, '@bob:test', 'old');
    server.says(OTHER, '@bob:test', 'newer');
    await until(() => page.bodies(OTHER).includes('newer'));
    await page.commands.closeRoom(OTHER);
    await page.commands.openRoom(ROOM);
    // There is space again as soon as something was thrown away.
    const { delete: really } = IDBObjectStore.prototype;
    let space = false;
    const broken = disk(function (this: IDBObjectStore, ...args) {
      return space ? original.apply(this, args) : full();
    });
    const thrown = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (
      this: IDBObjectStore,
      key,
    ) {
      space ||= this.name === 'events';
      return really.call(this, key);
    });
    server.says(ROOM, '@bob:test', 'new');
    await until(() => page.bodies(ROOM).includes('new') && page.state.connection.status === 'live');
    expect(space).toBe(true);
    broken.mockRestore();
    thrown.mockRestore();
    await page.commands.openRoom(OTHER);
    await until(() => page.bodies(OTHER).join() === 'newer');
    await page.commands.loadOlder(OTHER);
    await until(() => page.bodies(OTHER).includes('old'));
  });
});

const original = IDBObjectStore.prototype.put;
