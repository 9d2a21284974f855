import { expect, test } from 'vitest';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!long:test';
const COUNT = 500;

async function longRoom() {
  const server = new Homeserver();
  server.room(ROOM);
  const said = Array.from({ length: COUNT }, (_, at) => server.says(ROOM, '@bob:test', `number ${at}`));
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await until(() => page.bodies(ROOM).includes(`number ${COUNT - 1}`));
  return { server, page, said };
}

test('a page is told the end of a long room first, and of older messages as it asks for them', async () => {
  const { server, page } = await longRoom();
  const first = page.bodies(ROOM).length;
  expect(first).toBeLessThan(COUNT / 2);
  expect(page.timeline(ROOM).hasOlder).toBe(true);
  const calls = server.requests.length;
  await page.commands.loadOlder(ROOM);
  expect(page.bodies(ROOM).length).toBeGreaterThan(first);
  while (page.timeline(ROOM).hasOlder) await page.commands.loadOlder(ROOM);
  expect(page.bodies(ROOM)).toEqual(Array.from({ length: COUNT }, (_, at) => `number ${at}`));
  expect(server.requests.length).toBe(calls);
});

test('what is said in a long room is added to what the page knows', async () => {
  const { server, page } = await longRoom();
  const before = page.bodies(ROOM);
  server.says(ROOM, '@bob:test', 'and one more');
  await until(() => page.bodies(ROOM).includes('and one more'));
  expect(page.bodies(ROOM)).toEqual([...before, 'and one more']);
});

test('a message far up in a long room is told when it is looked for, with all that follows it', async () => {
  const { page, said } = await longRoom();
  const key = await page.commands.loadAround(ROOM, said[120]?.event_id ?? '');
  expect(page.timeline(ROOM).items).toContain(key);
  const bodies = page.bodies(ROOM);
  expect(bodies[0]).not.toBe('number 0');
  expect(bodies).toEqual(Array.from({ length: bodies.length }, (_, at) => `number ${COUNT - bodies.length + at}`));
});

test('reactions alone at the end of a room do not hide its messages', async () => {
  const server = new Homeserver();
  server.room(ROOM);
  const said = server.says(ROOM, '@bob:test', 'much liked');
  for (let count = 0; count < COUNT; count += 1) {
    server.post(ROOM, `@fan${count}:test`, 'm.reaction', {
      'm.relates_to': { rel_type: 'm.annotation', event_id: said.event_id, key: '👍' },
    });
  }
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await until(() => page.bodies(ROOM).includes('much liked'));
});
