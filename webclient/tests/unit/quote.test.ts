import { expect, test } from 'vitest';
import { quoteContent, quotedPart } from '../../src/model/relations';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';
const BODY = 'The first boat leaves at six, the second one at nine.';

test('an answer to a part of a message names it, with its place', () => {
  const content = quoteContent('leaves at six', BODY);
  expect(content).toEqual({ 'app.hearth.quote': { text: 'leaves at six', offset: 15 } });
  expect(quotedPart(content, BODY)).toBe('leaves at six');
  expect(quoteContent('', BODY)).toEqual({});
  expect(quoteContent('never said', BODY)).toEqual({});
});

test('nobody can be made to say what they did not', () => {
  expect(quotedPart({ 'app.hearth.quote': { text: 'never said' } }, BODY)).toBe('');
  expect(quotedPart({ 'app.hearth.quote': { text: 7 } }, BODY)).toBe('');
  expect(quotedPart({ 'app.hearth.quote': { text: ' leaves\n at  six ' } }, BODY)).toBe('leaves at six');
});

test('the part that is meant is shown with the answer, also before it comes back', async () => {
  const server = new Homeserver();
  server.room(ROOM, { name: 'Room' });
  const said = server.says(ROOM, '@bob:test', BODY);
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await until(() => page.bodies(ROOM).includes(BODY));
  const draft = { text: 'too early', replyTo: said.event_id, quote: 'leaves at six' };
  const key = await page.commands.sendMessage(ROOM, draft);
  expect(page.timeline(ROOM).events[key]?.reply?.part).toBe('leaves at six');
  await until(() => page.timeline(ROOM).events[key]?.delivery === 'sent');
  expect(server.sends[0]?.body).toMatchObject({ 'app.hearth.quote': { text: 'leaves at six', offset: 15 } });
  expect(page.timeline(ROOM).events[key]?.reply?.part).toBe('leaves at six');
});
