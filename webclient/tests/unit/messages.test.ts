import { expect, test } from 'vitest';
import { albumRuns } from '../../src/features/timeline/albums';
import { editContent, forwardContent } from '../../src/model/drafting';
import { fitted, mediaOf, mxcParts } from '../../src/model/media';
import { serviceLine } from '../../src/model/service';
import type { TimelineItem } from '../../src/store/contract';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';

async function withMessages(...bodies: string[]) {
  const server = new Homeserver();
  server.room(ROOM);
  const events = bodies.map((body) => server.says(ROOM, '@bob:test', body));
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await until(() => page.bodies(ROOM).length === bodies.length);
  const itemOf = (at: number) => page.timeline(ROOM).events[events[at]?.event_id ?? ''];
  return { server, page, ids: events.map((event) => event.event_id), itemOf };
}

test('what I hide is gone for me, also from the list of chats, and is noted on the server', async () => {
  const { server, page, ids } = await withMessages('one', 'two');
  await page.commands.hide(ROOM, [ids[1] ?? '']);
  expect(page.bodies(ROOM)).toEqual(['one']);
  expect(page.state.rooms[ROOM]?.preview?.body.text).toBe('one');
  expect(server.accountData.get('app.hearth.hidden')).toEqual({ ids: [ids[1]] });
});

test('what was said before I cleared a chat is gone for me alone, and what comes later is there', async () => {
  const { server, page, ids } = await withMessages('one', 'two');
  await page.commands.clearHistory(ROOM);
  expect(page.bodies(ROOM)).toEqual([]);
  expect(page.timeline(ROOM).hasOlder).toBe(false);
  expect(page.state.rooms[ROOM]?.preview).toBeNull();
  expect(server.accountData.get('app.hearth.cleared')).toMatchObject({ event_id: ids[1] });
  server.says(ROOM, '@bob:test', 'three');
  await until(() => page.bodies(ROOM).length > 0);
  expect(page.bodies(ROOM)).toEqual(['three']);
  expect(page.state.rooms[ROOM]?.preview?.body.text).toBe('three');
});

test('a message whose server has a slow clock is there, though the chat was cleared at a later time', async () => {
  const { server, page } = await withMessages('one');
  await page.commands.clearHistory(ROOM);
  const content = { msgtype: 'm.text', body: 'late' };
  Object.assign(server.post(ROOM, '@bob:test', 'm.room.message', content), { origin_server_ts: 1 });
  await until(() => page.bodies(ROOM).includes('late'));
});

test('stars are put and taken, and are listed with the newest first', async () => {
  const { page, ids, itemOf } = await withMessages('one', 'two');
  await page.commands.setStar(ROOM, ids[0] ?? '', true);
  await page.commands.setStar(ROOM, ids[1] ?? '', true);
  expect([itemOf(0)?.starred, itemOf(1)?.starred]).toEqual([true, true]);
  expect((await page.commands.starred(null)).map((star) => star.body.text)).toEqual(['two', 'one']);
  await page.commands.setStar(ROOM, ids[1] ?? '', false);
  expect(itemOf(1)?.starred).toBe(false);
});

test('two messages pinned in a row are both pinned, though neither has come back yet; and so are two roles', async () => {
  const { server, page, ids } = await withMessages('one', 'two');
  server.silent = true;
  await Promise.all([page.commands.pin(ROOM, ids[0] ?? '', true), page.commands.pin(ROOM, ids[1] ?? '', true)]);
  await page.commands.setPower(ROOM, '@bob:test', 50);
  await page.commands.setPower(ROOM, '@eve:test', 20);
  const last = (type: string) => server.log.findLast(({ event }) => event.type === type)?.event.content;
  expect(last('m.room.pinned_events')).toEqual({ pinned: ids });
  expect(last('m.room.power_levels')).toEqual({ users: { '@bob:test': 50, '@eve:test': 20 } });
  await page.commands.pin(ROOM, ids[0] ?? '', false);
  expect(last('m.room.pinned_events')).toEqual({ pinned: [ids[1]] });
});

test('a forwarded message names its first author, unless that is to be hidden', async () => {
  const { server, page, ids } = await withMessages('pass me on');
  server.room('!other:test');
  await until(() => page.state.rooms['!other:test'] !== undefined);
  const messages = [{ roomId: ROOM, eventId: ids[0] ?? '' }];
  await page.commands.forward({ messages, to: ['!other:test'], hideSender: false });
  await page.commands.forward({ messages, to: ['!other:test'], hideSender: true, comment: { text: 'look' } });
  const sent = () => server.log.filter(({ roomId, event }) => roomId === '!other:test' && event.sender === '@ann:test');
  await until(() => sent().filter(({ event }) => event.type === 'm.room.message').length === 3);
  const contents = sent()
    .map(({ event }) => event.content)
    .filter((content) => content.msgtype !== undefined);
  expect(contents.map((content) => [content.body, content['app.hearth.forward'] !== undefined])).toEqual([
    ['pass me on', true],
    ['look', false],
    ['pass me on', false],
  ]);
  expect(contents[0]?.['app.hearth.forward']).toMatchObject({ sender: '@bob:test', room: ROOM, event: ids[0] });
});

test('a reaction that is taken back and given again at once is there in the end', async () => {
  const { server, page, ids, itemOf } = await withMessages('likable');
  const mine = () => itemOf(0)?.reactions.some((one) => one.mine) ?? false;
  const sent = (type: string) => server.log.filter(({ event }) => event.type === type).length;
  await page.commands.react(ROOM, ids[0] ?? '', '👍');
  await until(() => sent('m.reaction') === 1 && mine());
  await Promise.all([page.commands.react(ROOM, ids[0] ?? '', '👍'), page.commands.react(ROOM, ids[0] ?? '', '👍')]);
  await until(() => sent('m.reaction') === 2 && sent('m.room.redaction') === 1);
  await until(mine);
});

test('a photo can be passed on without its caption', async () => {
  const { server, page } = await withMessages('before');
  server.room('!other:test');
  await until(() => page.state.rooms['!other:test'] !== undefined);
  const photo = { msgtype: 'm.image', body: 'the lake', filename: 'lake.png', url: 'mxc://test/lake', info: {} };
  const { event_id: eventId } = server.post(ROOM, '@bob:test', 'm.room.message', photo);
  await until(() => page.bodies(ROOM).includes('the lake'));
  const draft = { messages: [{ roomId: ROOM, eventId }], to: ['!other:test'], hideSender: true };
  await page.commands.forward({ ...draft, hideCaptions: true });
  const sent = () => server.log.filter(({ roomId, event }) => roomId === '!other:test' && event.content.msgtype);
  await until(() => sent().length === 1);
  expect(sent()[0]?.event.content).toMatchObject({ msgtype: 'm.image', body: 'lake.png', url: 'mxc://test/lake' });
  expect(sent()[0]?.event.content.filename).toBeUndefined();
});

test('a message that is forwarded again keeps its first author and loses its relations', () => {
  const first = { sender: '@bob:test', name: 'Bob', roomId: ROOM, eventId: '$1', ts: 1 };
  const once = forwardContent(
    { body: 'x', 'm.relates_to': { 'm.in_reply_to': {} }, 'm.mentions': { room: true } },
    first,
  );
  const twice = forwardContent(once, { ...first, sender: '@cid:test', name: 'Cid' });
  expect(twice).toMatchObject({ body: 'x', 'm.mentions': {}, 'app.hearth.forward': { sender: '@bob:test' } });
  expect(twice).not.toHaveProperty(['m.relates_to']);
});

test('an edit keeps the file of a message and tells only those who are newly mentioned', () => {
  const original = {
    msgtype: 'm.image',
    body: 'old',
    filename: 'a.jpg',
    url: 'mxc://a/b',
    'm.mentions': { user_ids: ['@a:b'] },
  };
  const edit = editContent({ text: 'new', mentions: ['@a:b', '@c:d'] }, '$1', original);
  expect(edit).toMatchObject({
    'm.mentions': { user_ids: ['@c:d'] },
    'm.new_content': {
      msgtype: 'm.image',
      body: 'new',
      url: 'mxc://a/b',
      'm.mentions': { user_ids: ['@a:b', '@c:d'] },
    },
  });
});

test('files are read from contents with bounds', () => {
  const content = {
    msgtype: 'm.audio',
    body: 'voice',
    url: 'mxc://a.b/c',
    info: { duration: 1500, size: -3, w: 1e9 },
    'org.matrix.msc3245.voice': {},
    'org.matrix.msc1767.audio': { waveform: [0, 512, 4096, 'x'] },
  };
  const media = mediaOf('m.room.message', content);
  expect(media).toMatchObject({ kind: 'voice', mxc: 'mxc://a.b/c', size: 0, w: 0, durationMs: 1500, caption: '' });
  expect(media?.waveform).toEqual([0, 0.5, 1, 0]);
  expect(mxcParts('mxc://a.b/../c')).toBeNull();
  expect(mediaOf('m.room.message', { msgtype: 'm.text', body: 'x' })).toBeNull();
  expect(fitted(4000, 1000, { w: 420, h: 400 })).toEqual({ w: 420, h: 105 });
  expect(fitted(0, 0, { w: 420, h: 400 })).toEqual({ w: 320, h: 240 });
});

test('only neighbours of one album become one bubble', () => {
  const item = (album: string | null) =>
    ({
      kind: 'message',
      content: { msgtype: 'm.image', ...(album === null ? {} : { 'app.hearth.album': { id: album } }) },
    }) as unknown as TimelineItem;
  const events = { a: item('x'), b: item('x'), c: item(null), d: item('x'), e: item('y') };
  expect(albumRuns(['a', 'b', 'c', 'd', 'e'], events)).toEqual([['a', 'b'], ['c'], ['d'], ['e']]);
});

test('changes of settings are told, what a room begins with is not', () => {
  const event = (type: string, content: object, before?: object) => ({
    type,
    state_key: '',
    event_id: '$1',
    sender: '@bob:test',
    origin_server_ts: 1,
    content: content as Record<string, unknown>,
    ...(before === undefined ? {} : { unsigned: { prev_content: before } }),
  });
  const what = (type: string, content: object, before?: object) =>
    serviceLine(event(type, content, before), (id) => id)?.what ?? null;
  expect([
    what('m.room.power_levels', {}),
    what('m.room.power_levels', {}, {}),
    what('m.room.join_rules', { join_rule: 'public' }),
    what('m.room.join_rules', { join_rule: 'public' }, { join_rule: 'invite' }),
    what('m.room.history_visibility', {}, {}),
    what('m.room.canonical_alias', { alias: '#a:b' }),
    what('app.hearth.roles', {}),
  ]).toEqual([null, 'powersChanged', null, 'joinRule', 'history', 'alias', 'roles']);
});
