import { expect, test } from 'vitest';
import type { Json } from '../../src/model/events';
import { replyTarget, threadRoot } from '../../src/model/relations';
import { roomOfView, rootOfView, viewId } from '../../src/model/view-ids';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';

function inThread(root: string, last: string, body: string): Json {
  const fallback = { is_falling_back: true, 'm.in_reply_to': { event_id: last } };
  return { msgtype: 'm.text', body, 'm.relates_to': { rel_type: 'm.thread', event_id: root, ...fallback } };
}

async function withThread(answers: number) {
  const server = new Homeserver();
  server.room(ROOM);
  const root = server.says(ROOM, '@bob:test', 'where it begins').event_id;
  const says = (body: string, sender = '@bob:test') =>
    server.post(ROOM, sender, 'm.room.message', inThread(root, root, body)).event_id;
  for (let number = 0; number < answers; number += 1) {
    says(`answer ${number}`);
  }
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await until(() => page.bodies(ROOM).length === 1);
  const view = viewId(ROOM, root);
  const summary = () => page.timeline(ROOM).events[root]?.thread;
  return { server, page, root, view, says, summary };
}

test('the name of a view says what is looked at', () => {
  expect(viewId(ROOM, null)).toBe(ROOM);
  expect([roomOfView(viewId(ROOM, '$e')), rootOfView(viewId(ROOM, '$e'))]).toEqual([ROOM, '$e']);
  expect([roomOfView(ROOM), rootOfView(ROOM)]).toEqual([ROOM, null]);
});

test('what names the message before it for old clients is no answer to it', () => {
  expect(replyTarget(inThread('$a', '$b', 'x'))).toBeNull();
  expect(threadRoot(inThread('$a', '$b', 'x'))).toBe('$a');
  const answer = { 'm.relates_to': { rel_type: 'm.thread', event_id: '$a', 'm.in_reply_to': { event_id: '$b' } } };
  expect(replyTarget(answer)).toBe('$b');
});

test('answers stay out of the main timeline, are counted, and are read by pages in their thread', async () => {
  const { page, view, summary, says } = await withThread(120);
  expect(summary()).toMatchObject({ count: 120, latestBody: { text: 'answer 119' } });
  await page.commands.openRoom(view);
  expect(page.bodies(view).at(0)).toBe('where it begins');
  expect(page.bodies(view).slice(1)).toEqual(Array.from({ length: 50 }, (_, at) => `answer ${at + 70}`));
  says('answer 120');
  await until(() => page.bodies(view).at(-1) === 'answer 120');
  await page.commands.loadOlder(view);
  await page.commands.loadOlder(view);
  await page.commands.loadOlder(view);
  expect(page.bodies(view).slice(1)).toEqual(Array.from({ length: 121 }, (_, at) => `answer ${at}`));
  expect(page.timeline(view).hasOlder).toBe(false);
  expect(summary()?.count).toBe(121);
  expect(page.bodies(ROOM)).toEqual(['where it begins']);
});

test('what I write in a thread is shown there at once and goes out tied to it', async () => {
  const { server, page, root, view, says } = await withThread(1);
  await page.commands.openRoom(view);
  await page.commands.sendMessage(ROOM, { text: 'mine', thread: root });
  expect(page.bodies(view)).toEqual(['where it begins', 'answer 0', 'mine']);
  expect(page.bodies(ROOM)).toEqual(['where it begins']);
  await until(() => server.sends.length === 1);
  const before = says('another');
  await until(() => page.bodies(view).length === 4);
  await page.commands.sendMessage(ROOM, { text: 'to that', thread: root, replyTo: before });
  await until(() => server.sends.length === 2);
  const relations = server.sends.map(({ body }) => (body as Json)['m.relates_to']);
  expect(relations[0]).toMatchObject({ rel_type: 'm.thread', event_id: root, is_falling_back: true });
  expect(relations[1]).toMatchObject({ is_falling_back: false, 'm.in_reply_to': { event_id: before } });
});

test('a deleted answer counts no more', async () => {
  const { server, page, view, summary, says } = await withThread(2);
  const third = says('a third');
  await until(() => summary()?.count === 3);
  await page.commands.openRoom(view);
  server.post(ROOM, '@bob:test', 'm.room.redaction', { redacts: third });
  await until(() => summary()?.count === 2);
  expect(summary()?.latestBody.text).toBe('answer 1');
});

test('a thread has its own unread count and its own receipt', async () => {
  const { server, page, root, says, summary } = await withThread(1);
  const last = says('new');
  server.tell('app.hearth.counts', ROOM, { n: 3, h: 0, threads: { [root]: { n: 2, h: 0 } } });
  await until(() => summary()?.unread === 2);
  expect(page.state.rooms[ROOM]).toMatchObject({ unreadThreads: 1, unread: { notifications: 3 } });
  await page.commands.markRead(ROOM, root);
  await until(() => server.requests.some(({ path, body }) => path.includes('/receipt/') && body.thread_id === 'main'));
  await page.commands.markThreadRead(ROOM, root, last);
  expect(summary()?.unread).toBe(0);
  expect(page.state.rooms[ROOM]?.unreadThreads).toBe(0);
  const told = server.requests.find(({ body }) => body.thread_id === root);
  expect(decodeURIComponent(told?.path ?? '')).toMatch(new RegExp(`receipt/m\\.read/\\${last}$`));
});

test('to mark a chat as read takes in its threads', async () => {
  const { server, page, root, summary } = await withThread(1);
  server.tell('app.hearth.counts', ROOM, { n: 2, h: 0, threads: { [root]: { n: 2, h: 0 } } });
  await until(() => summary()?.unread === 2);
  await page.commands.markRead(ROOM);
  expect(summary()?.unread).toBe(0);
  expect(page.state.rooms[ROOM]?.unread.notifications).toBe(0);
  await until(() => server.requests.some(({ body }) => body.read !== undefined));
});

test('an answer of mine is read once somebody has read the thread that far', async () => {
  const { server, page, root, view } = await withThread(1);
  await page.commands.openRoom(view);
  const key = await page.commands.sendMessage(ROOM, { text: 'mine', thread: root });
  const mine = () => page.timeline(view).events[key];
  await until(() => mine()?.delivery === 'sent');
  const receipt = { '@bob:test': { ts: 1, thread_id: root } };
  server.tell('receipts', ROOM, { content: { [mine()?.eventId ?? '']: { 'm.read': receipt } } });
  await until(() => mine()?.delivery === 'read');
});

test('after a gap an open thread gets what it missed', async () => {
  const { server, page, view, says } = await withThread(3);
  await page.commands.openRoom(view);
  server.silent = true;
  server.timelineLimit = 2;
  server.cut();
  for (let number = 3; number < 11; number += 1) {
    says(`answer ${number}`);
  }
  server.silent = false;
  says('answer 11');
  await until(() => page.bodies(view).length === 13);
  expect(page.bodies(view).slice(1)).toEqual(Array.from({ length: 12 }, (_, at) => `answer ${at}`));
});
