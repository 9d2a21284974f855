import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineLink } from '../../src/engine/link';
import type { Page } from '../../src/engine/publisher';
import type { ToPage } from '../../src/engine/rpc';
import { connectEngine } from '../../src/store/client';
import { errorInfo } from '../../src/store/errors';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';

beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => setTimeout(run, 5));
  vi.stubGlobal('cancelAnimationFrame', (timer: ReturnType<typeof setTimeout>) => clearTimeout(timer));
});

afterEach(() => vi.unstubAllGlobals());

/** A second page of the engine: the whole of what a browser has of it, over a line on which everything takes a while. */
async function opened(encrypted = false) {
  const server = new Homeserver();
  server.room(ROOM, { encrypted });
  const { engine } = await signedIn(server);
  let receive: (message: ToPage) => void = () => undefined;
  const tell = (message: ToPage) => void setTimeout(() => receive(structuredClone(message)));
  let page: Page | undefined;
  const link: EngineLink = {
    tab: 'second',
    listen: (listener) => {
      receive = listener;
    },
    onNewEngine: () => undefined,
    post: (message) => {
      if (message.t === 'attach') page = engine.attach(tell);
      if (message.t !== 'call' || !page) return;
      const { id, name, args } = structuredClone(message);
      engine.call(page, name, args).then(
        (value) => tell({ t: 'result', id, value }),
        (error: unknown) => tell({ t: 'failure', id, error: errorInfo(error) }),
      );
    },
  };
  const { state, commands } = connectEngine(link);
  await commands.openRoom(ROOM);
  const timeline = () => {
    const found = state.timelines[ROOM];
    if (!found) throw new Error('the room is not open');
    return found;
  };
  const rows = () => timeline().items.flatMap((key) => timeline().events[key] ?? []);
  const said = () => rows().filter((row) => row.kind === 'message');
  const bodies = () => said().map((row) => row.content.body);
  return { server, commands, timeline, rows, said, bodies };
}

test('what is sent stands at the end of its chat at once, and keeps its row', async () => {
  const { server, commands, timeline, said, bodies } = await opened();
  const sent = commands.sendMessage(ROOM, { text: 'one' });
  expect(bodies()).toEqual(['one']);
  const [row] = said();
  expect(row?.delivery).toBe('sending');
  const next = commands.sendMessage(ROOM, { text: 'two' });
  expect(bodies()).toEqual(['one', 'two']);
  server.says(ROOM, '@bob:test', 'between');
  expect(await sent).toBe(row?.key);
  await next;
  await until(() => bodies().length === 3 && said().every((one) => one.eventId !== null));
  expect(said().find((one) => one.key === row?.key)).toBe(row);
  expect(bodies().sort()).toEqual(['between', 'one', 'two']);
  expect(new Set(timeline().items).size).toBe(timeline().items.length);
  const mine = server.log.filter(({ event }) => event.sender === '@ann:test' && event.type === 'm.room.message');
  expect(mine.map(({ event }) => event.content.body)).toEqual(['one', 'two']);
});

test('what the engine refuses leaves its chat', async () => {
  const { commands, timeline, bodies } = await opened(true);
  const sent = commands.sendMessage(ROOM, { text: 'in plain text' });
  expect(bodies()).toEqual(['in plain text']);
  await expect(sent).rejects.toThrow();
  expect(bodies()).toEqual([]);
  expect(Object.keys(timeline().events).sort()).toEqual([...timeline().items].sort());
});

test('an answer quotes at once what it answers, as it does afterwards', async () => {
  const { server, commands, said, bodies } = await opened();
  const asked = server.says(ROOM, '@bob:test', 'when?');
  await until(() => bodies().length === 1);
  const sent = commands.sendMessage(ROOM, { text: 'now', replyTo: asked.event_id });
  const quoted = () => JSON.stringify(said().at(-1)?.reply);
  const before = quoted();
  expect(before).toContain('when?');
  await sent;
  await until(() => said().at(-1)?.eventId !== null);
  expect(quoted()).toBe(before);
});
