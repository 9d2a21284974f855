import { expect, test } from 'vitest';
import type { MatrixEvent } from '../../src/model/events';
import { endContent, pollContent, pollOf, tally, voteContent } from '../../src/model/polls';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';
const TYPE = 'org.matrix.msc3381.poll';
const ASKED = pollContent({ question: 'Where to?', most: 1, hidden: false }, ['Sea', 'Hills']);
const nobody = () => false;

let counter = 0;
function part(sender: string, type: string, content: MatrixEvent['content'], ts: number): MatrixEvent {
  counter += 1;
  return { event_id: `$${counter}`, sender, type, content, origin_server_ts: ts };
}
const vote = (sender: string, ts: number, ...answers: string[]) =>
  part(sender, `${TYPE}.response`, voteContent('$poll', answers), ts);
const end = (sender: string, ts: number) => part(sender, `${TYPE}.end`, endContent('$poll', 'over'), ts);

function poll() {
  const found = pollOf(`${TYPE}.start`, ASKED);
  if (found === null) {
    throw new Error('no poll');
  }
  return found;
}

test('what we ask is read again as it was asked', () => {
  const answers = [
    { id: '1', text: 'Sea' },
    { id: '2', text: 'Hills' },
  ];
  expect(poll()).toEqual({ question: 'Where to?', answers, most: 1, hidden: false });
});

test('a poll in the names of the specification is read, too, and is a hidden one when its kind is not known', () => {
  const content = {
    'm.poll': {
      kind: 'm.something',
      max_selections: 9,
      question: { 'm.text': [{ body: '<b>Q</b>', mimetype: 'text/html' }, { body: 'Q' }] },
      answers: [
        { 'm.id': 'a', 'm.text': [{ body: 'A' }] },
        { 'm.id': 'a', 'm.text': [{ body: 'again' }] },
        { 'm.id': 'b', 'm.text': [] },
      ],
    },
  };
  expect(pollOf('m.poll.start', content)).toEqual({
    question: 'Q',
    answers: [{ id: 'a', text: 'A' }],
    most: 1,
    hidden: true,
  });
});

test.each([{}, { 'm.poll': 'no' }, { 'm.poll': { question: {}, answers: [{}] } }])('%j is no poll', (content) => {
  expect(pollOf('m.poll.start', content)).toBeNull();
});

test('of each person the last vote counts, and an unknown answer spoils it', () => {
  const votes = [vote('@a', 1, '1'), vote('@b', 1, '1'), vote('@a', 3, '2'), vote('@a', 2, '1'), vote('@c', 1, 'x')];
  const { voters, people } = tally(poll(), votes, nobody);
  expect([...voters]).toEqual([
    ['2', ['@a']],
    ['1', ['@b']],
  ]);
  expect(people).toBe(2);
});

test('more answers than allowed are cut, and none takes the vote back', () => {
  const votes = [vote('@a', 1, '2', '1'), vote('@b', 1, '1'), vote('@b', 2)];
  const { voters, people } = tally(poll(), votes, nobody);
  expect([...voters]).toEqual([['2', ['@a']]]);
  expect(people).toBe(1);
});

test('the first end of one who may ends it: later votes do not count', () => {
  const parts = [vote('@a', 1, '1'), vote('@b', 9, '2'), end('@asker', 5), end('@asker', 20), end('@eve', 2)];
  const { voters, ended } = tally(poll(), parts, (sender) => sender === '@asker');
  expect(ended).toBe(true);
  expect([...voters.keys()]).toEqual(['1']);
  expect(tally(poll(), [end('@eve', 2)], nobody).ended).toBe(false);
});

test('a vote is seen at once, goes out once, and is changed and taken back', async () => {
  const server = new Homeserver();
  server.room(ROOM);
  const asked = server.post(ROOM, '@bob:test', `${TYPE}.start`, ASKED);
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await until(() => page.timeline(ROOM).items.length > 0);
  const shown = () => page.timeline(ROOM).events[asked.event_id]?.poll;
  const mine = () => shown()?.choices.map((choice) => [choice.voters.length, choice.mine]);
  await page.commands.vote(ROOM, asked.event_id, ['1']);
  expect(mine()).toEqual([
    [1, true],
    [0, false],
  ]);
  await until(() => server.sends.length === 1);
  await page.commands.vote(ROOM, asked.event_id, ['2']);
  await until(() => server.sends.length === 2);
  server.post(ROOM, '@bob:test', `${TYPE}.response`, voteContent(asked.event_id, ['2']));
  await until(() => shown()?.people === 2);
  expect(mine()).toEqual([
    [0, false],
    [2, true],
  ]);
  await page.commands.vote(ROOM, asked.event_id, []);
  expect(shown()?.people).toBe(1);
  expect(shown()?.mayEnd).toBe(false);
  expect(page.state.rooms[ROOM]?.preview?.body).toEqual({ kind: 'poll', text: 'Where to?' });
});

test('my own poll is shown before the server has it, and I may end it', async () => {
  const server = new Homeserver();
  server.room(ROOM);
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  const key = await page.commands.createPoll(ROOM, {
    question: ' Tea? ',
    answers: ['yes', '', 'no'],
    most: 5,
    hidden: true,
  });
  const item = () => page.timeline(ROOM).events[key];
  expect(item()?.poll).toMatchObject({ question: 'Tea?', most: 2, hidden: true, ended: false });
  await until(() => item()?.delivery === 'sent' && item()?.poll?.mayEnd === true);
  await page.commands.endPoll(ROOM, item()?.eventId ?? '', 'over');
  expect(item()?.poll?.ended).toBe(true);
  await until(() => server.sends.length === 2);
  await expect(
    page.commands.createPoll(ROOM, { question: 'one?', answers: ['only'], most: 1, hidden: false }),
  ).rejects.toThrow();
});

test('votes that lie in a gap are fetched', async () => {
  const server = new Homeserver();
  server.room(ROOM);
  const asked = server.post(ROOM, '@bob:test', `${TYPE}.start`, ASKED);
  for (let voter = 0; voter < 150; voter += 1) {
    server.post(ROOM, `@v${voter}:test`, `${TYPE}.response`, voteContent(asked.event_id, ['1']));
  }
  server.timelineLimit = 5;
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await page.commands.loadAround(ROOM, asked.event_id);
  await until(() => page.timeline(ROOM).events[asked.event_id]?.poll?.people === 150);
});
