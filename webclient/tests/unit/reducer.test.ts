/** Whatever pieces the stream comes in, and wherever the engine dies in between: the store ends up the same. */
import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database } from '../../src/engine/db/database';
import { Intake } from '../../src/engine/intake';
import type { Account } from '../../src/engine/sync/account';
import { eventItem, itemKeys } from '../../src/engine/sync/items';
import { roomOrder } from '../../src/engine/sync/order';
import { roomView } from '../../src/engine/sync/views';
import { Homeserver, ME } from './support/homeserver';
import { freshDatabase } from './support/page';

const ROOMS = ['!one:test', '!two:test'];
const PEOPLE = [ME, '@bob:test', '@cid:test'];

type Step =
  | { readonly do: 'say'; readonly room: number; readonly who: number }
  | { readonly do: 'edit' | 'react' | 'redact'; readonly room: number; readonly who: number; readonly target: number }
  | { readonly do: 'rename'; readonly room: number; readonly who: number }
  | { readonly do: 'move'; readonly room: number; readonly who: number }
  | { readonly do: 'read' | 'count'; readonly room: number; readonly who: number; readonly target: number };

/** A place in the stream, as its part of the whole. */
const place = fc.nat(999).map((n) => n / 1000);

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('say', 'say', 'say', 'edit', 'react', 'redact', 'rename', 'move', 'read', 'count'),
  room: fc.nat(1),
  who: fc.nat(2),
  target: fc.nat(8),
}) as fc.Arbitrary<Step>;

function perform(server: Homeserver, action: Step, n: number): void {
  const room = ROOMS[action.room] ?? '';
  const who = PEOPLE[action.who] ?? '';
  const messages = server.log.filter((entry) => entry.roomId === room && entry.event.state_key === undefined);
  const target = 'target' in action ? messages.at(-1 - action.target)?.event.event_id : undefined;
  if (action.do === 'say') {
    server.says(room, who, `message ${n}`);
  } else if (action.do === 'rename') {
    server.post(room, who, 'm.room.name', { name: `name ${n}` }, '');
  } else if (action.do === 'move') {
    server.post(room, who, 'm.room.member', { membership: 'join', displayname: `called ${n}` }, who);
  } else if (action.do === 'count') {
    server.tell('app.hearth.counts', room, { n: action.target, h: 0 });
  } else if (target !== undefined) {
    change(server, action.do, room, who, target, n);
  }
}

function change(server: Homeserver, what: string, room: string, who: string, target: string, n: number): void {
  if (what === 'edit') {
    server.post(room, who, 'm.room.message', {
      msgtype: 'm.text',
      body: `* edit ${n}`,
      'm.new_content': { msgtype: 'm.text', body: `edit ${n}` },
      'm.relates_to': { rel_type: 'm.replace', event_id: target },
    });
  } else if (what === 'react') {
    server.post(room, who, 'm.reaction', {
      'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: `${n % 3}` },
    });
  } else if (what === 'redact') {
    server.post(room, who, 'm.room.redaction', { redacts: target });
  } else {
    server.tell('receipts', room, { type: 'm.receipt', content: { [target]: { 'm.read': { [who]: { ts: n } } } } });
  }
}

function story(steps: readonly Step[]): Homeserver {
  const server = new Homeserver();
  for (const room of ROOMS) {
    server.room(room, { members: PEOPLE.slice(1) });
  }
  for (const [n, action] of steps.entries()) {
    perform(server, action, n);
  }
  return server;
}

/** Everything that a page could see. */
async function seen(account: Account, intake: Intake) {
  const rooms = [];
  for (const room of account.rooms.values()) {
    const timeline = await intake.timeline(room.id);
    // The stamp says how far the delta went that changed the room last, which depends on the pieces.
    const { bumpStamp: _pieces, ...view } = roomView(account, room);
    const rows = itemKeys(account, timeline, timeline.live).map((key) => {
      const event = timeline.event(key);
      return event === undefined ? key : eventItem(account, timeline, event);
    });
    rooms.push({ view, rows });
  }
  return { rooms, people: [...account.members.entries()].map(([id, members]) => [id, [...members.values()]]) };
}

interface Run {
  readonly account: Account;
  readonly intake: Intake;
}

async function begin(database: Database): Promise<Run> {
  const { account, pos } = await database.load(ME);
  return engine(account, pos, database);
}

function engine(account: Account, pos: string | null, database: Database): Run {
  const ignore = () => undefined;
  const events = { applied: ignore, caughtUp: ignore, reset: ignore, release: ignore, broken: ignore };
  return { account, intake: new Intake(account, pos, database, events) };
}

/** The same disk, full. */
function withoutWrites(database: Database): Database {
  const full = Object.create(database) as Database;
  full.write = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
  return full;
}

async function give(server: Homeserver, { intake }: Run, from: number | null, to: number): Promise<void> {
  const prev = from === null ? null : String(from);
  intake.delta({ prev, pos: String(to), more: false, body: server.body(from, to) }, () => undefined);
  await intake.settled();
}

async function whole(server: Homeserver) {
  const database = await Database.open(freshDatabase());
  const run = await begin(database);
  await give(server, run, null, server.log.length);
  return seen(run.account, run.intake);
}

test('a stream in pieces gives the same store as in one', async () => {
  const cuts = fc.array(place, { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), cuts, async (steps, places) => {
      const server = story(steps);
      const database = await Database.open(freshDatabase());
      const run = await begin(database);
      let from: number | null = null;
      for (const to of ends(places, server.log.length)) {
        await give(server, run, from, to);
        from = to;
      }
      expect(await seen(run.account, run.intake)).toEqual(await whole(server));
    }),
    { numRuns: 60 },
  );
});

test('an engine that dies and starts again from disk ends up with the same store', async () => {
  const cuts = fc.array(fc.record({ at: place, dies: fc.constantFrom('no', 'before', 'after') }), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), cuts, async (steps, places) => {
      const server = story(steps);
      const name = freshDatabase();
      const dies = new Map(places.map(({ at, dies: how }) => [Math.floor(at * server.log.length), how]));
      let database = await Database.open(name);
      let run = await begin(database);
      for (const to of ends(
        places.map(({ at }) => at),
        server.log.length,
      )) {
        if (dies.get(to) === 'before') {
          // Applied in memory and then gone: the write never happened.
          const from = (await run.intake.settled())?.pos;
          const { account, pos } = await database.load(ME);
          const dying = engine(account, pos, withoutWrites(database));
          await give(server, dying, from === undefined ? null : Number(from), to);
          ({ run, database } = await restart(database, name));
        }
        const stored = (await run.intake.settled())?.pos;
        await give(server, run, stored === undefined ? null : Number(stored), to);
        if (dies.get(to) === 'after') {
          // Stored, but the acknowledgement was lost: the server goes on from what we say we have.
          ({ run, database } = await restart(database, name));
        }
      }
      expect(await seen(run.account, run.intake)).toEqual(await whole(server));
    }),
    { numRuns: 40 },
  );
});

async function restart(database: Database, name: string) {
  database.close();
  const again = await Database.open(name);
  return { run: await begin(again), database: again };
}

function ends(places: readonly number[], length: number): number[] {
  const marks = places.map((place) => Math.floor(place * length)).filter((mark) => mark > 0);
  return [...new Set([...marks, length])].sort((a, b) => a - b);
}

test('the order of rooms follows their stamps, with pinned ones first', async () => {
  const server = story([]);
  const run = await begin(await Database.open(freshDatabase()));
  await give(server, run, null, server.log.length);
  const stamp = (room: string, bumpStamp: number, tags: object) => {
    const known = run.account.rooms.get(room);
    if (known !== undefined) {
      run.account.rooms.set(room, { ...known, bumpStamp, accountData: { 'm.tag': { tags } } });
    }
  };
  stamp('!one:test', 1, {});
  stamp('!two:test', 2, {});
  expect(roomOrder(run.account).rooms).toEqual(['!two:test', '!one:test']);
  stamp('!one:test', 1, { 'm.favourite': { order: 0.5 } });
  expect(roomOrder(run.account).rooms).toEqual(['!one:test', '!two:test']);
});
