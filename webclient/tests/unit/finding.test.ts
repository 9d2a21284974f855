import { expect, test } from 'vitest';
import { Homeserver } from './support/homeserver';
import { signedIn } from './support/page';

const ROOM = '!room:test';
const day = 86_400_000;
const QUERY = { words: 'jam', roomId: null, sender: null, kind: 'all', since: null, until: null, next: null } as const;

/** A server with a message a day, the newest first, ten to a page; `asked` are the bodies that came. */
function withMessages(count: number) {
  const server = new Homeserver();
  const asked: unknown[] = [];
  server.room(ROOM, { members: ['@bob:test'] });
  server.answers = (_method, path, query, body) => {
    if (!path.endsWith('/search')) return null;
    asked.push(body);
    const from = Number(query.get('next_batch') ?? 0);
    const results = Array.from({ length: Math.min(10, count - from) }, (_, at) => ({
      result: {
        type: 'm.room.message',
        room_id: ROOM,
        event_id: `$jam${from + at}`,
        sender: '@bob:test',
        origin_server_ts: (1000 - from - at) * day,
        content: { msgtype: 'm.text', body: 'jam' },
      },
    }));
    const next = from + 10 < count ? { next_batch: String(from + 10) } : {};
    return [200, { search_categories: { room_events: { results, count, highlights: ['jam'], ...next } } }];
  };
  return { server, asked };
}

test('at a server that knows no times, pages are asked for until they are past, and no further', async () => {
  const { server, asked } = withMessages(500);
  const page = await signedIn(server);
  const found = await page.commands.searchMessages({ ...QUERY, since: 960 * day, until: 962 * day, exact: false });
  expect(found.entries.map((one) => one.eventId)).toEqual(['$jam38', '$jam39', '$jam40']);
  expect(found).toMatchObject({ next: null, count: null });
  expect(asked).toHaveLength(6);
  expect(JSON.stringify(asked)).not.toContain('app.hearth');
});

test('what lies too far back for one answer goes on where it stopped', async () => {
  const { server } = withMessages(500);
  const page = await signedIn(server);
  const query = { ...QUERY, until: 880 * day, exact: false };
  const first = await page.commands.searchMessages(query);
  expect(first).toMatchObject({ entries: [], next: '80' });
  const second = await page.commands.searchMessages({ ...query, next: first.next });
  expect(second.entries[0]?.eventId).toBe('$jam120');
});

test('a server that knows times and kinds is told them', async () => {
  const { server, asked } = withMessages(3);
  const page = await signedIn(server);
  const found = await page.commands.searchMessages({
    ...QUERY,
    since: day,
    until: 2000 * day,
    kind: 'all',
    exact: true,
  });
  expect(found.entries).toHaveLength(3);
  expect(found.count).toBe(3);
  const known = { 'app.hearth.since': day, 'app.hearth.until': 2000 * day };
  expect(asked).toMatchObject([{ search_categories: { room_events: known } }]);
  await page.commands.searchMessages({ ...QUERY, words: '', kind: 'links', exact: true });
  expect(asked[1]).toMatchObject({ search_categories: { room_events: { 'app.hearth.media': 'link' } } });
});
