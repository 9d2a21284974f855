import { expect, test } from 'vitest';
import type { Json } from '../../src/model/events';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';
const DELAYED = '/unstable/org.matrix.msc4140/delayed_events';

/** A server that keeps delayed events; `waiting` by id. */
async function withDelays(options: { encrypted?: boolean } = {}) {
  const server = new Homeserver();
  server.room(ROOM, { name: 'Room', ...options });
  const waiting = new Map<string, Json>();
  let last = 0;
  server.answers = (method, path, query, body) => {
    const delay = query.get('org.matrix.msc4140.delay');
    if (method === 'PUT' && delay !== null) {
      last += 1;
      const now = { delay_id: `d${last}`, room_id: ROOM, type: 'm.room.message', content: body };
      waiting.set(`d${last}`, { ...now, delay: Number(delay), running_since: Date.now() });
      return [200, { delay_id: `d${last}` }];
    }
    if (method === 'GET' && path === DELAYED) {
      return [200, { delayed_events: [...waiting.values()] }];
    }
    if (method === 'POST' && path.startsWith(`${DELAYED}/`)) {
      return waiting.delete(path.slice(DELAYED.length + 1)) ? [200, {}] : [404, { errcode: 'M_NOT_FOUND', error: '' }];
    }
    return null;
  };
  const page = await signedIn(server);
  await until(() => page.state.rooms[ROOM]?.membership === 'join');
  return { server, page, waiting };
}

test('a message for later waits on the server with what it answers, and is listed with its time', async () => {
  const { server, page, waiting } = await withDelays();
  const at = Date.now() + 3_600_000;
  await page.commands.scheduleMessage(ROOM, { text: 'later', silent: true }, at);
  await page.commands.scheduleMessage(ROOM, { text: 'sooner' }, at - 60_000);
  expect(waiting.get('d1')?.content).toMatchObject({ body: 'later', 'app.hearth.silent': true });
  const listed = await page.commands.scheduled();
  expect(listed.map(({ id, body }) => [id, body.text])).toEqual([
    ['d2', 'sooner'],
    ['d1', 'later'],
  ]);
  expect(Math.abs((listed[1]?.at ?? 0) - at)).toBeLessThan(1000);
  expect(server.sends).toEqual([]);
});

test('what waits gets another time, goes out at once or not at all', async () => {
  const { page, waiting } = await withDelays();
  await page.commands.scheduleMessage(ROOM, { text: 'later' }, Date.now() + 60_000);
  await page.commands.reschedule('d1', Date.now() + 7_200_000);
  expect([...waiting.keys()]).toEqual(['d2']);
  expect(waiting.get('d2')).toMatchObject({ content: { body: 'later' } });
  await page.commands.sendScheduled('d2');
  await expect(page.commands.cancelScheduled('d2')).rejects.toMatchObject({ info: { errcode: 'M_NOT_FOUND' } });
  await expect(page.commands.reschedule('d2', Date.now() + 1)).rejects.toMatchObject({
    info: { errcode: 'M_NOT_FOUND' },
  });
});

test('what was sent while it was given another time is not sent twice', async () => {
  const { server, page, waiting } = await withDelays();
  await page.commands.scheduleMessage(ROOM, { text: 'later' }, Date.now() + 60_000);
  const answers = server.answers;
  server.answers = (method, path, query, body) => {
    if (method === 'POST' && path.endsWith('/d1')) waiting.delete('d1');
    return answers(method, path, query, body);
  };
  await expect(page.commands.reschedule('d1', Date.now() + 120_000)).rejects.toMatchObject({ info: { status: 404 } });
  expect(waiting.size).toBe(0);
});

test('nothing plain is left for an encrypted room', async () => {
  const { page, waiting } = await withDelays({ encrypted: true });
  await until(() => page.state.rooms[ROOM]?.encrypted === true);
  const asked = page.commands.scheduleMessage(ROOM, { text: 'later' }, Date.now() + 60_000);
  await expect(asked).rejects.toMatchObject({ info: { errcode: 'ENCRYPTED_ROOM' } });
  expect(waiting.size).toBe(0);
});

test('a silent message says so', async () => {
  const { server, page } = await withDelays();
  await page.commands.sendMessage(ROOM, { text: 'psst', silent: true });
  await until(() => server.sends.length === 1);
  expect(server.sends[0]?.body).toMatchObject({ body: 'psst', 'app.hearth.silent': true });
});

test('to a day one goes by the first message of it, else by the last one before', async () => {
  const { server, page } = await withDelays();
  const said = Array.from({ length: 12 }, (_, at) => server.says(ROOM, '@bob:test', `message ${at}`));
  const reaction = { 'm.relates_to': { rel_type: 'm.annotation', event_id: said[3]?.event_id, key: '+' } };
  const liked = server.post(ROOM, '@bob:test', 'm.reaction', reaction);
  const after = server.says(ROOM, '@bob:test', 'after the reaction');
  let forwards: string | null = said[4]?.event_id ?? '';
  server.answers = (_method, path, query) => {
    if (!path.endsWith('/timestamp_to_event')) return null;
    const found = query.get('dir') === 'f' ? forwards : after.event_id;
    return found === null ? [404, { errcode: 'M_NOT_FOUND', error: '' }] : [200, { event_id: found }];
  };
  await page.commands.openRoom(ROOM);
  expect(await page.commands.eventAt(ROOM, said[4]?.origin_server_ts ?? 0)).toBe(said[4]?.event_id);
  forwards = liked.event_id;
  expect(await page.commands.eventAt(ROOM, liked.origin_server_ts)).toBe(after.event_id);
  forwards = null;
  expect(await page.commands.eventAt(ROOM, (after.origin_server_ts ?? 0) + 1)).toBe(after.event_id);
});

test('how far a join is told until the room is whole', async () => {
  const { server, page } = await withDelays();
  let answer: Json = { is_whole: false, done: 1200, total: 20_000 };
  server.answers = (_method, path) => (path.endsWith('/join_progress') ? [200, answer] : null);
  expect(await page.commands.joinProgress(ROOM)).toEqual({ done: 1200, total: 20_000 });
  answer = { is_whole: false, done: 0, total: null };
  expect(await page.commands.joinProgress(ROOM)).toEqual({ done: 0, total: null });
  answer = { is_whole: true };
  expect(await page.commands.joinProgress(ROOM)).toBeNull();
});
