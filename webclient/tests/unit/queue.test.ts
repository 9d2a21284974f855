import { describe, expect, test } from 'vitest';
import { Homeserver } from './support/homeserver';
import { signedIn, type TestPage, until } from './support/page';

const ROOM = '!room:test';

function serverWithRoom(encrypted = false): Homeserver {
  const server = new Homeserver();
  server.room(ROOM, { encrypted });
  return server;
}

async function openedPage(server: Homeserver, databaseName?: string): Promise<TestPage> {
  const page = await signedIn(server, databaseName);
  await page.commands.openRoom(ROOM);
  return page;
}

function said(server: Homeserver): string[] {
  return server.log
    .filter(({ event }) => event.type === 'm.room.message')
    .map(({ event }) => String(event.content.body));
}

function deliveries(page: TestPage): unknown[] {
  return page
    .timeline(ROOM)
    .items.map((key) => page.timeline(ROOM).events[key]?.delivery)
    .filter((delivery) => delivery != null);
}

describe('a message that is sent', () => {
  test('is shown at once, keeps its row when it comes back, and is never there twice', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    const key = await page.commands.sendMessage(ROOM, { text: ' hello ' });
    expect(page.bodies(ROOM)).toEqual(['hello']);
    await until(() => deliveries(page).join() === 'sent');
    await until(() => page.timeline(ROOM).events[key]?.eventId !== null);
    expect(page.timeline(ROOM).items.at(-1)).toBe(key);
    expect(page.bodies(ROOM)).toEqual(['hello']);
    expect(said(server)).toEqual(['hello']);
  });

  test('goes out in order, however the answers come', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.trouble.push('limit', 'limit');
    const texts = Array.from({ length: 20 }, (_, n) => `m${n}`);
    await Promise.all(texts.map((text) => page.commands.sendMessage(ROOM, { text })));
    await until(() => said(server).length === 20);
    expect(said(server)).toEqual(texts);
    await until(() => deliveries(page).every((delivery) => delivery === 'sent'));
    expect(page.bodies(ROOM)).toEqual(texts);
  });

  test('is shown as not sent where it had to wait for long, and holds up nothing', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.trouble.push('slow mode');
    await page.commands.sendMessage(ROOM, { text: 'too early' });
    await page.commands.sendMessage(ROOM, { text: 'after it' });
    await until(() => said(server).join() === 'after it');
    await until(() => deliveries(page).sort().join() === 'failed,sent');
  });

  test('happens once when the answer is lost with the connection', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.trouble.push('lose', 'lose', 'unreachable');
    await page.commands.sendMessage(ROOM, { text: 'once' });
    await page.commands.sendMessage(ROOM, { text: 'twice' });
    await until(() => said(server).length === 2 && deliveries(page).join() === 'sent,sent');
    expect(said(server)).toEqual(['once', 'twice']);
    expect(page.bodies(ROOM)).toEqual(['once', 'twice']);
  });

  test('survives a reload before it went out, with the same transaction id', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.socketsAllowed = false;
    server.httpAllowed = false;
    server.cut();
    await page.commands.sendMessage(ROOM, { text: 'later' });
    page.engine.stop();
    server.socketsAllowed = true;
    server.httpAllowed = true;
    const again = await openedPage(server, page.databaseName);
    await until(() => said(server).includes('later'));
    await until(() => deliveries(again).join() === 'sent');
    expect(again.bodies(ROOM)).toEqual(['later']);
  });

  test('survives a reload after the server took it and before the answer came', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.socketsAllowed = false;
    server.trouble.push('lose');
    const sent = page.commands.sendMessage(ROOM, { text: 'unknown outcome' });
    await until(() => server.sends.length >= 1);
    await sent;
    page.engine.stop();
    server.socketsAllowed = true;
    const again = await openedPage(server, page.databaseName);
    await until(() => deliveries(again).join() === 'sent');
    expect(said(server)).toEqual(['unknown outcome']);
    expect(new Set(server.sends.map((send) => send.txnId)).size).toBe(1);
  });

  test('stays in sight with its error when it is refused, does not hold up the next one, and can be tried again', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.trouble.push('refuse');
    const key = await page.commands.sendMessage(ROOM, { text: 'bad' });
    await page.commands.sendMessage(ROOM, { text: 'good' });
    await until(() => said(server).includes('good') && page.timeline(ROOM).events[key]?.delivery === 'failed');
    expect(page.timeline(ROOM).events[key]?.error).toMatchObject({ errcode: 'M_FORBIDDEN' });
    await page.commands.retry(ROOM, key);
    await until(() => said(server).includes('bad'));
    await until(() => page.timeline(ROOM).events[key]?.delivery === 'sent');
  });

  test('can be forgotten while it was refused', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.trouble.push('refuse');
    const key = await page.commands.sendMessage(ROOM, { text: 'never mind' });
    await until(() => page.timeline(ROOM).events[key]?.delivery === 'failed');
    await page.commands.cancelLocal(ROOM, key);
    expect(page.bodies(ROOM)).toEqual([]);
  });

  test('goes out although the disk is full, and once alone when there is space again', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    try {
      await page.commands.sendMessage(ROOM, { text: 'too much' });
      await until(() => page.state.connection.full === true && said(server).includes('too much'));
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    await until(() => page.state.connection.full === undefined && page.state.connection.status === 'live');
    await page.commands.sendMessage(ROOM, { text: 'enough' });
    await until(() => said(server).includes('enough') && page.bodies(ROOM).length === 2);
    expect(said(server)).toEqual(['too much', 'enough']);
  });

  test('is refused when it is empty', async () => {
    const page = await openedPage(serverWithRoom());
    await expect(page.commands.sendMessage(ROOM, { text: '  ' })).rejects.toMatchObject({
      info: { errcode: 'M_INVALID_PARAM' },
    });
  });
});

describe('a change of a message', () => {
  test('shows before the server has it: edit, reaction, reaction taken back, deletion', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    const key = await page.commands.sendMessage(ROOM, { text: 'frist' });
    await until(() => page.timeline(ROOM).events[key]?.eventId !== null);
    const eventId = page.timeline(ROOM).events[key]?.eventId ?? '';
    await page.commands.edit(ROOM, eventId, { text: 'first' });
    expect(page.timeline(ROOM).events[key]).toMatchObject({ edited: true, content: { body: 'first' } });
    await page.commands.react(ROOM, eventId, '🎉');
    expect(page.timeline(ROOM).events[key]?.reactions).toMatchObject([{ key: '🎉', count: 1, mine: true }]);
    await until(() => server.log.some(({ event }) => event.type === 'm.reaction'));
    await until(() => page.timeline(ROOM).events[key]?.changing === false);
    await page.commands.react(ROOM, eventId, '🎉');
    await until(() => page.timeline(ROOM).events[key]?.reactions.length === 0);
    await page.commands.redact(ROOM, eventId);
    await until(() => page.timeline(ROOM).events[key]?.kind === 'redacted');
    expect(page.bodies(ROOM)).toEqual([]);
  });
});

describe('an encrypted room', () => {
  test('gets nothing in plain text: no message, no edit, no reaction, no reason', async () => {
    const server = serverWithRoom(true);
    const page = await openedPage(server);
    expect(page.state.rooms[ROOM]?.encrypted).toBe(true);
    const refused = { info: { errcode: 'ENCRYPTED_ROOM' } };
    await expect(page.commands.sendMessage(ROOM, { text: 'secret' })).rejects.toMatchObject(refused);
    await expect(page.commands.edit(ROOM, '$1', { text: 'secret' })).rejects.toMatchObject(refused);
    await expect(page.commands.react(ROOM, '$1', 'secret')).rejects.toMatchObject(refused);
    await expect(page.commands.redact(ROOM, '$1', 'secret')).rejects.toMatchObject(refused);
    expect(page.bodies(ROOM)).toEqual([]);
    expect(server.sends).toEqual([]);
  });

  test('stays encrypted for us, whatever its state says later', async () => {
    const server = serverWithRoom(true);
    const page = await openedPage(server);
    server.post(ROOM, '@bob:test', 'm.room.encryption', {}, '');
    server.forgetPositions = true;
    server.cut();
    server.says(ROOM, '@bob:test', 'all open now, honest');
    await until(() => page.state.connection.status === 'live' && page.bodies(ROOM).length > 0);
    await expect(page.commands.sendMessage(ROOM, { text: 'secret' })).rejects.toMatchObject({
      info: { errcode: 'ENCRYPTED_ROOM' },
    });
  });

  test('gets nothing of what was queued before it was encrypted', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.trouble.push('limit', 'limit', 'limit');
    const key = await page.commands.sendMessage(ROOM, { text: 'secret' });
    server.post(ROOM, '@bob:test', 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '');
    await until(() => page.timeline(ROOM).events[key]?.delivery === 'failed');
    expect(page.timeline(ROOM).events[key]?.error?.errcode).toBe('ENCRYPTED_ROOM');
    expect(server.sends).toEqual([]);
  });

  test('gets nothing of what was written without a connection before it was encrypted', async () => {
    const server = serverWithRoom();
    const page = await openedPage(server);
    server.socketsAllowed = false;
    server.httpAllowed = false;
    server.cut();
    await until(() => page.state.connection.status !== 'live');
    const key = await page.commands.sendMessage(ROOM, { text: 'secret' });
    server.post(ROOM, '@bob:test', 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '');
    // The stream keeps quiet about it for longer than a page waits: the room's state has to be asked for.
    server.silent = true;
    server.socketsAllowed = true;
    server.httpAllowed = true;
    await until(() => page.timeline(ROOM).events[key]?.delivery === 'failed');
    expect(page.timeline(ROOM).events[key]?.error?.errcode).toBe('ENCRYPTED_ROOM');
    expect(server.sends).toEqual([]);
  });
});
