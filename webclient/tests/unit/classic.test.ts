import { expect, test } from 'vitest';
import { translated } from '../../src/engine/transport/classic';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';

test('a server without our stream is spoken to by /v3/sync, at once from the second start on', async () => {
  const server = new Homeserver();
  server.classic = true;
  server.room(ROOM, { name: 'Old friends' });
  server.says(ROOM, '@bob:test', 'hi');
  const page = await signedIn(server);
  expect(page.state.connection.transport).toBe('classic');
  expect(page.state.rooms[ROOM]).toMatchObject({ name: 'Old friends', preview: { body: { text: 'hi' } } });
  page.engine.stop();
  server.calls.length = 0;
  server.says(ROOM, '@bob:test', 'while away');
  const again = await signedIn(server, page.databaseName);
  await until(() => again.state.rooms[ROOM]?.preview?.body.text === 'while away');
  expect(server.calls.filter((call) => call.startsWith('connect'))).toEqual([]);
});

test('a server that forgot the position is asked from the beginning', async () => {
  const server = new Homeserver();
  server.classic = true;
  server.room(ROOM);
  const page = await signedIn(server);
  page.engine.stop();
  server.forgetPositions = true;
  server.says(ROOM, '@bob:test', 'still here');
  const again = await signedIn(server, page.databaseName);
  await until(() => again.state.rooms[ROOM]?.preview?.body.text === 'still here');
});

test('an answer is turned into what the other transports say', () => {
  const topic = (text: string, place: object) => ({
    type: 'm.room.topic',
    state_key: '',
    event_id: `$${text}`,
    sender: '@bob:test',
    origin_server_ts: 5,
    content: { topic: text },
    ...place,
  });
  const message = { type: 'm.room.message', event_id: '$m', sender: '@bob:test', origin_server_ts: 9, content: {} };
  const answer = {
    rooms: {
      join: {
        [ROOM]: {
          state: { events: [topic('old', {})] },
          timeline: { events: [message, topic('new', {})], limited: true, prev_batch: 'back' },
          summary: { 'm.heroes': ['@bob:test'], 'm.joined_member_count': 2 },
          unread_notifications: { notification_count: 3, highlight_count: 1 },
          unread_thread_notifications: { $root: { notification_count: 2, highlight_count: 0 } },
          ephemeral: { events: [{ type: 'm.typing', content: { user_ids: ['@bob:test'] } }] },
          account_data: { events: [{ type: 'm.tag', content: {} }] },
        },
      },
      invite: { '!other:test': { invite_state: { events: [topic('party', {})] } } },
      leave: { '!gone:test': { timeline: { events: [] } } },
    },
    presence: { events: [{ sender: '@bob:test', content: { presence: 'online' } }] },
  };
  const { rooms, extensions } = translated(answer, false, '@ann:test') as { rooms: object; extensions: object };
  expect(rooms).toMatchObject({
    [ROOM]: { limited: true, prev_batch: 'back', bump_stamp: 9, joined_count: 2, heroes: [{ user_id: '@bob:test' }] },
    '!other:test': { membership: 'invite', initial: true },
    '!gone:test': { membership: 'leave' },
  });
  // State is told as it was before the timeline: the newer topic counts.
  expect(rooms).toMatchObject({ [ROOM]: { required_state: [{ content: { topic: 'new' } }] } });
  expect(extensions).toMatchObject({
    'app.hearth.counts': { rooms: { [ROOM]: { n: 5, h: 1, threads: { $root: { n: 2, h: 0 } } } } },
    typing: { rooms: { [ROOM]: { content: { user_ids: ['@bob:test'] } } } },
    'app.hearth.presence': { users: { '@bob:test': { presence: 'online' } } },
    account_data: { rooms: { [ROOM]: [{ type: 'm.tag', content: {} }] } },
  });
});
