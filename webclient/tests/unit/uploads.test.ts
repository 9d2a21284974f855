import { describe, expect, test } from 'vitest';
import type { OutgoingFile } from '../../src/model/outgoing';
import { Homeserver } from './support/homeserver';
import { signedIn, type TestPage, until } from './support/page';

const ROOM = '!room:test';

function file(name: string, words: string, more: Partial<OutgoingFile> = {}): OutgoingFile {
  const blob = new Blob([words], { type: 'text/plain' });
  const plain = { w: 0, h: 0, durationMs: 0, blurhash: null, thumbnail: null, waveform: [] };
  return { kind: 'file', blob, name, mimetype: 'text/plain', ...plain, ...more };
}

async function opened(server: Homeserver, databaseName?: string): Promise<TestPage> {
  const page = await signedIn(server, databaseName);
  await page.commands.openRoom(ROOM);
  return page;
}

function sent(server: Homeserver) {
  return server.log.filter(({ event }) => event.type === 'm.room.message').map(({ event }) => event.content);
}

describe('a file that is sent', () => {
  test('is uploaded with its smaller picture first, and its message carries both addresses', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    const page = await opened(server);
    const thumbnail = { blob: new Blob(['small'], { type: 'image/jpeg' }), w: 10, h: 5 };
    const picture = file('a.jpg', 'large', { kind: 'image', w: 20, h: 10, blurhash: 'abc', thumbnail });
    await page.commands.sendFiles(ROOM, { files: [picture], asAlbum: true, caption: { text: 'look' } });
    await until(() => sent(server).length === 1);
    expect(server.uploads).toEqual(['small', 'large']);
    expect(sent(server)[0]).toMatchObject({
      msgtype: 'm.image',
      body: 'look',
      filename: 'a.jpg',
      url: 'mxc://test/file2',
      info: { w: 20, h: 10, size: 5, thumbnail_url: 'mxc://test/file1', 'xyz.amorgan.blurhash': 'abc' },
    });
  });

  test('shows how far it is and lets words go first', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    let goOn: () => void = () => undefined;
    server.uploadsGoOn = new Promise((resolve) => {
      goOn = resolve;
    });
    const page = await opened(server);
    await page.commands.sendFiles(ROOM, { files: [file('a', 'x'.repeat(10))], asAlbum: false });
    await page.commands.sendMessage(ROOM, { text: 'words' });
    await until(() => sent(server).length === 1);
    const waiting = Object.values(page.timeline(ROOM).events).find((item) => item.upload !== null);
    expect(waiting?.upload).toMatchObject({ totalBytes: 10, done: false });
    expect(await page.commands.localFile(waiting?.upload?.file ?? '')).toBeInstanceOf(Blob);
    goOn();
    await until(() => sent(server).length === 2);
  });

  test('goes on after a reload, and once it came back its bytes leave the disk', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    server.uploadsGoOn = new Promise(() => undefined);
    const before = await opened(server);
    await before.commands.sendFiles(ROOM, { files: [file('a', 'bytes')], asAlbum: false });
    const key = Object.values(before.timeline(ROOM).events).find((item) => item.upload !== null)?.upload?.file ?? '';
    before.engine.stop();
    server.uploadsGoOn = Promise.resolve();
    const after = await opened(server, before.databaseName);
    await until(() => sent(server).length === 1);
    expect(server.uploads).toEqual(['bytes']);
    await until(() => Object.values(after.timeline(ROOM).events).every((item) => item.upload === null));
    expect(await after.commands.localFile(key)).toBeNull();
  });

  test('is tried again when the network fails, and stays in sight with its error when it is too large', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    server.uploadTrouble.push('unreachable');
    const page = await opened(server);
    await page.commands.sendFiles(ROOM, { files: [file('a', 'bytes')], asAlbum: false });
    await until(() => sent(server).length === 1);
    server.uploadTrouble.push('too large');
    await page.commands.sendFiles(ROOM, { files: [file('b', 'more')], asAlbum: false });
    const failed = () => Object.values(page.timeline(ROOM).events).find((item) => item.delivery === 'failed');
    await until(() => failed() !== undefined);
    expect(failed()?.error?.errcode).toBe('M_TOO_LARGE');
    await page.commands.retry(ROOM, failed()?.key ?? '');
    await until(() => sent(server).length === 2);
  });

  test('can be given up while it is on its way', async () => {
    const server = new Homeserver();
    server.room(ROOM);
    let goOn: () => void = () => undefined;
    server.uploadsGoOn = new Promise((resolve) => {
      goOn = resolve;
    });
    const page = await opened(server);
    await page.commands.sendFiles(ROOM, { files: [file('a', 'one'), file('b', 'two')], asAlbum: true });
    const keys = () => Object.values(page.timeline(ROOM).events).flatMap((item) => (item.upload ? item.key : []));
    expect(keys()).toHaveLength(2);
    await page.commands.cancelLocal(ROOM, keys()[0] ?? '');
    goOn();
    await until(() => sent(server).length === 1);
    expect(sent(server)[0]).toMatchObject({ filename: 'b', 'app.hearth.album': { i: 1, n: 2 } });
  });

  test('never goes into an encrypted room: neither its message nor its bytes', async () => {
    const server = new Homeserver();
    server.room(ROOM, { encrypted: true });
    server.room('!plain:test');
    const page = await opened(server);
    const refused = { info: { errcode: 'ENCRYPTED_ROOM' } };
    await expect(page.commands.sendFiles(ROOM, { files: [file('a', 'x')], asAlbum: false })).rejects.toMatchObject(
      refused,
    );
    const said = server.says('!plain:test', '@bob:test', 'pass it on');
    await page.commands.openRoom('!plain:test');
    await until(() => page.bodies('!plain:test').includes('pass it on'));
    const messages = [{ roomId: '!plain:test', eventId: said.event_id }];
    await expect(page.commands.forward({ messages, to: [ROOM], hideSender: false })).rejects.toMatchObject(refused);
    expect(server.uploads).toEqual([]);
    expect(sent(server)).toHaveLength(1);
  });
});
