/** Cut lines, blocked sockets, reloads and gaps, in any mixture: in the end each message is there once, in order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Homeserver } from './support/homeserver';
import { signedIn, type TestPage, until } from './support/page';

const ROOM = '!room:test';

type Step = 'say' | 'send' | 'edit' | 'redact' | 'cut' | 'block' | 'unblock' | 'lose' | 'reload' | 'pause';

const steps = fc.array(
  fc.constantFrom<Step>(
    'say',
    'say',
    'say',
    'send',
    'send',
    'edit',
    'redact',
    'cut',
    'block',
    'unblock',
    'lose',
    'reload',
    'pause',
  ),
  { maxLength: 30 },
);

async function perform(server: Homeserver, page: TestPage, step: Step, n: number): Promise<TestPage> {
  const last = server.log.findLast(({ event }) => event.type === 'm.room.message')?.event;
  if (step === 'say') {
    server.says(ROOM, '@bob:test', `bob ${n}`);
  } else if (step === 'send') {
    await page.commands.sendMessage(ROOM, { text: `ann ${n}` });
  } else if (step === 'edit' && last !== undefined) {
    const fresh = { msgtype: 'm.text', body: `edit ${n}` };
    const relation = { rel_type: 'm.replace', event_id: last.event_id };
    server.post(ROOM, last.sender, 'm.room.message', { ...fresh, 'm.new_content': fresh, 'm.relates_to': relation });
  } else if (step === 'redact' && last !== undefined) {
    server.post(ROOM, '@bob:test', 'm.room.redaction', { redacts: last.event_id });
  } else if (step === 'cut') {
    server.cut();
  } else if (step === 'block' || step === 'unblock') {
    server.socketsAllowed = step === 'unblock';
    server.cut();
  } else if (step === 'lose') {
    server.trouble.push('lose');
  } else if (step === 'pause') {
    await new Promise((resolve) => setTimeout(resolve, 20));
  } else if (step === 'reload') {
    page.engine.stop();
    return opened(server, page.databaseName);
  }
  return page;
}

async function opened(server: Homeserver, databaseName?: string): Promise<TestPage> {
  const page = await signedIn(server, databaseName);
  await page.commands.openRoom(ROOM);
  return page;
}

/** All rows of the room from its beginning, by what they show. */
async function whole(page: TestPage): Promise<string[]> {
  while (page.timeline(ROOM).hasOlder) {
    await page.commands.loadOlder(ROOM);
  }
  const { items, events } = page.timeline(ROOM);
  return items.map((key) => `${events[key]?.kind} ${events[key]?.sender} ${events[key]?.content.body ?? ''}`);
}

test('a message whose answer was lost is there once when its page is loaded after a reload', async () => {
  const server = new Homeserver();
  server.room(ROOM);
  server.timelineLimit = 1;
  let page = await opened(server);
  for (const [n, step] of (['lose', 'send', 'say', 'reload', 'reload'] as const).entries()) {
    page = await perform(server, page, step, n);
  }
  await until(() => page.state.connection.status === 'live' && unsent(page) === 0);
  server.says(ROOM, '@bob:test', 'the end');
  await until(() => page.bodies(ROOM).includes('the end'));
  expect((await whole(page)).filter((row) => row.endsWith('ann 1'))).toHaveLength(1);
  page.engine.stop();
});

test.each([
  ['our stream', false, 20],
  ['/v3/sync', true, 10],
])(
  'over %s a page that lived through it all shows what a fresh one shows',
  async (_name, classic, numRuns) => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (story, timelineLimit) => {
        const server = new Homeserver();
        server.classic = classic;
        server.room(ROOM);
        server.timelineLimit = timelineLimit;
        let page = await opened(server);
        for (const [n, step] of story.entries()) {
          page = await perform(server, page, step, n);
        }
        const sent = story.flatMap((step, n) => (step === 'send' ? [`ann ${n}`] : []));
        server.socketsAllowed = true;
        const said = () =>
          server.log.map(({ event }) => event.content.body).filter((body) => sent.includes(String(body)));
        await until(() => said().length >= sent.length && unsent(page) === 0);
        server.says(ROOM, '@bob:test', 'the end');
        await until(() => page.state.connection.status === 'live' && page.bodies(ROOM).includes('the end'));
        expect(said()).toEqual(sent);

        const fresh = await opened(server);
        expect(await whole(page)).toEqual(await whole(fresh));
        page.engine.stop();
        fresh.engine.stop();
      }),
      { numRuns, timeout: 10_000 },
    );
  },
  60_000,
);

function unsent(page: TestPage): number {
  const { items, events } = page.timeline(ROOM);
  return items.filter((key) => events[key]?.delivery === 'sending' || events[key]?.eventId === null).length;
}
