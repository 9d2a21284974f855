import { describe, expect, test } from 'vitest';
import { Homeserver, ME } from './support/homeserver';
import { openPage, signedIn, until } from './support/page';

const ROOM = '!room:test';

function serverWithRoom(): Homeserver {
  const server = new Homeserver();
  server.room(ROOM, { name: 'Tea' });
  return server;
}

describe('signing in', () => {
  test('finds the server of its own origin and fills the list', async () => {
    const page = await signedIn(serverWithRoom());
    expect(page.state.roomOrder).toEqual([ROOM]);
    expect(page.state.rooms[ROOM]?.name).toBe('Tea');
  });

  test('tells why it failed', async () => {
    const page = await openPage(serverWithRoom());
    await until(() => page.state.session.phase === 'signedOut');
    await expect(page.commands.login({ server: null, user: 'ann', password: 'wrong' })).rejects.toMatchObject({
      info: { errcode: 'M_FORBIDDEN', status: 403 },
    });
  });

  test('goes on after a reload without a new first sync', async () => {
    const server = serverWithRoom();
    const first = await signedIn(server);
    first.engine.stop();
    server.says(ROOM, '@bob:test', 'while you were away');
    const second = await signedIn(server, first.databaseName);
    await until(() => second.state.rooms[ROOM]?.preview?.body.text === 'while you were away');
    expect(server.wires.at(-1)?.received[0]).toHaveProperty('resume');
  });

  test('never shows a token to the page', async () => {
    const page = await signedIn(serverWithRoom());
    expect(JSON.stringify(page.state)).not.toContain('token-1');
  });

  test('renews a token that the server refuses, without a word to the user', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.token = 'token-2';
    server.cut();
    server.says(ROOM, '@bob:test', 'still here?');
    await until(() => page.state.rooms[ROOM]?.preview?.body.text === 'still here?');
    expect(page.state.session.phase).toBe('signedIn');
  });

  test('keeps everything at a soft logout and goes on after the password', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.token = 'token-2';
    server.refreshable = false;
    server.cut();
    await until(() => page.state.session.phase === 'softLoggedOut');
    expect(page.state.roomOrder).toEqual([ROOM]);
    await page.commands.login({ server: null, user: 'ann', password: 'right' });
    server.says(ROOM, '@bob:test', 'welcome back');
    await until(() => page.state.rooms[ROOM]?.preview?.body.text === 'welcome back');
  });

  test('forgets everything at sign-out', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.logout();
    await until(() => page.state.session.phase === 'signedOut');
    expect(page.state.roomOrder).toEqual([]);
    page.engine.stop();
    const again = await openPage(server, page.databaseName);
    await until(() => again.state.session.phase === 'signedOut');
    expect(again.state.rooms).toEqual({});
  });
});

describe('an open room', () => {
  test('shows what is said, edited, reacted to and taken back, live', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    const said = server.says(ROOM, '@bob:test', 'helo');
    await until(() => page.bodies(ROOM).includes('helo'));
    const edit = { msgtype: 'm.text', body: '* hello', 'm.new_content': { msgtype: 'm.text', body: 'hello' } };
    server.post(ROOM, '@bob:test', 'm.room.message', {
      ...edit,
      'm.relates_to': { rel_type: 'm.replace', event_id: said.event_id },
    });
    server.post(ROOM, '@cid:test', 'm.reaction', {
      'm.relates_to': { rel_type: 'm.annotation', event_id: said.event_id, key: '👍' },
    });
    await until(() => page.timeline(ROOM).events[said.event_id]?.reactions.length === 1);
    expect(page.timeline(ROOM).events[said.event_id]).toMatchObject({ edited: true, content: { body: 'hello' } });
    server.post(ROOM, '@bob:test', 'm.room.redaction', { redacts: said.event_id });
    await until(() => page.timeline(ROOM).events[said.event_id]?.kind === 'redacted');
    expect(page.bodies(ROOM)).toEqual([]);
    expect(page.timeline(ROOM).events[said.event_id]).toMatchObject({ redactedBy: '@bob:test', reactions: [] });
  });

  test("ignores an edit of somebody else's message", async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    const said = server.says(ROOM, '@bob:test', 'mine');
    server.post(ROOM, '@eve:test', 'm.room.message', {
      body: 'x',
      'm.new_content': { body: 'forged' },
      'm.relates_to': { rel_type: 'm.replace', event_id: said.event_id },
    });
    server.says(ROOM, '@bob:test', 'after');
    await until(() => page.bodies(ROOM).includes('after'));
    expect(page.bodies(ROOM)).toEqual(['mine', 'after']);
  });

  test('shows two ticks once somebody else has read', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    await page.commands.sendMessage(ROOM, { text: 'read me' });
    await until(
      () =>
        server.sends.length === 1 &&
        page.timeline(ROOM).events[page.timeline(ROOM).items.at(-1) ?? '']?.delivery === 'sent',
    );
    const eventId = server.log.at(-1)?.event.event_id ?? '';
    server.tell('receipts', ROOM, {
      type: 'm.receipt',
      content: { [eventId]: { 'm.read': { '@bob:test': { ts: 5 } } } },
    });
    await until(() => page.timeline(ROOM).events[page.timeline(ROOM).items.at(-1) ?? '']?.delivery === 'read');
    expect(page.state.rooms[ROOM]?.preview?.delivery).toBe('read');
  });

  test('shows two ticks once somebody else has answered, and says who', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    for (const text of ['one', 'two']) {
      await page.commands.sendMessage(ROOM, { text });
    }
    await until(() => page.bodies(ROOM).length === 2 && server.sends.length === 2);
    const delivered = () => page.timeline(ROOM).items.map((key) => page.timeline(ROOM).events[key]?.delivery);
    await until(() => delivered().filter((delivery) => delivery === 'sent').length === 2);
    const said = (body: string) => server.log.find(({ event }) => event.content.body === body)?.event;
    const first = said('one')?.event_id ?? '';
    // Written at the same moment as mine: nothing of it says that mine was read.
    const atOnce = { origin_server_ts: (said('one')?.origin_server_ts ?? 0) + 900 };
    server.post(ROOM, '@bob:test', 'm.room.message', { msgtype: 'm.text', body: 'at once' }, undefined, atOnce);
    await until(() => page.bodies(ROOM).includes('at once'));
    expect(delivered()).not.toContain('read');
    server.says(ROOM, '@bob:test', 'an answer');
    await until(() => delivered().filter((delivery) => delivery === 'read').length === 2);
    expect(await page.commands.seenBy(ROOM, first)).toEqual([{ userId: '@bob:test', ts: null }]);
  });

  test('shows who is typing, but not me', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.tell('typing', ROOM, { type: 'm.typing', content: { user_ids: ['@bob:test', ME] } });
    await until(() => page.state.typing[ROOM]?.length === 1);
    expect(page.state.typing[ROOM]).toEqual(['@bob:test']);
  });

  test('fetches the message that a reply quotes', async () => {
    const server = serverWithRoom();
    const old = server.says(ROOM, '@bob:test', 'the question');
    for (let n = 0; n < 5; n += 1) {
      server.says(ROOM, '@bob:test', `${n}`);
    }
    server.timelineLimit = 1;
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    const reply = server.post(ROOM, '@bob:test', 'm.room.message', {
      msgtype: 'm.text',
      body: '> <@bob:test> the question\n\nthe answer',
      'm.relates_to': { 'm.in_reply_to': { event_id: old.event_id } },
    });
    await until(() => page.timeline(ROOM).events[reply.event_id]?.reply?.quoted?.body.text === 'the question');
    expect(page.state.rooms[ROOM]?.preview?.body.text).toBe('the answer');
  });
});

describe('history', () => {
  test('loads older pages up to the first event', async () => {
    const server = serverWithRoom();
    for (let n = 0; n < 130; n += 1) {
      server.says(ROOM, '@bob:test', `m${n}`);
    }
    server.timelineLimit = 10;
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    expect(page.bodies(ROOM)).toHaveLength(10);
    while (page.timeline(ROOM).hasOlder) {
      await page.commands.loadOlder(ROOM);
    }
    expect(page.bodies(ROOM)).toEqual(Array.from({ length: 130 }, (_, n) => `m${n}`));
  });

  test('closes a gap that a pause left, without losing or doubling anything', async () => {
    const server = serverWithRoom();
    server.says(ROOM, '@bob:test', 'before');
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    server.timelineLimit = 2;
    server.cut();
    for (let n = 0; n < 6; n += 1) {
      server.says(ROOM, '@bob:test', `m${n}`);
    }
    await until(() => page.bodies(ROOM).includes('m5'));
    expect(page.bodies(ROOM)).toEqual(['m4', 'm5']);
    await page.commands.loadOlder(ROOM);
    expect(page.bodies(ROOM)).toEqual(['before', 'm0', 'm1', 'm2', 'm3', 'm4', 'm5']);
  });

  test('jumps to an old message and back to the newest', async () => {
    const server = serverWithRoom();
    const target = server.says(ROOM, '@bob:test', 'long ago');
    for (let n = 0; n < 40; n += 1) {
      server.says(ROOM, '@bob:test', `m${n}`);
    }
    server.timelineLimit = 5;
    const page = await signedIn(server);
    await page.commands.openRoom(ROOM);
    const key = await page.commands.loadAround(ROOM, target.event_id);
    expect(page.timeline(ROOM).items).toContain(key);
    expect(page.timeline(ROOM)).toMatchObject({ live: false, hasNewer: true });
    await page.commands.showLive(ROOM);
    expect(page.bodies(ROOM).at(-1)).toBe('m39');
    await page.commands.loadAround(ROOM, target.event_id);
    while (page.timeline(ROOM).hasNewer) {
      await page.commands.loadNewer(ROOM);
    }
    expect(page.timeline(ROOM).live).toBe(true);
    expect(page.bodies(ROOM)).toEqual(['long ago', ...Array.from({ length: 40 }, (_, n) => `m${n}`)]);
  });

  test('starts from nothing when the server forgot the position, and stays complete', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    server.forgetPositions = true;
    server.cut();
    server.says(ROOM, '@bob:test', 'new age');
    await until(() => page.state.rooms[ROOM]?.preview?.body.text === 'new age');
    expect(page.state.roomOrder).toEqual([ROOM]);
  });
});

describe('rooms', () => {
  test('a private chat is noted in m.direct, and opened again instead of doubled', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    const roomId = await page.commands.createPrivateChat('@zoe:far.test');
    expect(server.accountData.get('m.direct')).toEqual({ '@zoe:far.test': [roomId] });
    expect(page.state.rooms[roomId]).toMatchObject({ kind: 'dm', dmUserId: '@zoe:far.test' });
    expect(await page.commands.createPrivateChat('@zoe:far.test')).toBe(roomId);
  });

  test('reading clears the counter and tells the server', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    const said = server.says(ROOM, '@bob:test', 'news');
    server.tell('app.hearth.counts', ROOM, { n: 1, h: 0 });
    await until(() => page.state.rooms[ROOM]?.unread.notifications === 1);
    await page.commands.markRead(ROOM);
    expect(page.state.rooms[ROOM]).toMatchObject({ unread: { notifications: 0 }, readUpTo: said.event_id });
    await until(() => server.requests.some((request) => request.method === 'read_markers'));
  });

  test('a receipt that the server could not take goes out again', async () => {
    const server = serverWithRoom();
    server.socketsAllowed = false;
    const well = server.fetch;
    let refused = 0;
    const fetch: typeof well = (input, init) => {
      if (input.includes('/read_markers') && refused === 0) {
        refused += 1;
        return Promise.resolve(new Response('{"errcode":"M_UNKNOWN","error":"busy"}', { status: 503 }));
      }
      return well(input, init);
    };
    const page = await signedIn(Object.assign(server, { fetch }));
    server.says(ROOM, '@bob:test', 'news');
    await page.commands.openRoom(ROOM);
    await until(() => page.bodies(ROOM).includes('news'));
    await page.commands.markRead(ROOM);
    const sent = () => server.calls.filter((call) => call.endsWith('/read_markers')).length;
    await until(() => refused === 1 && sent() === 1);
  });

  test('a draft outlives a reload', async () => {
    const server = serverWithRoom();
    const page = await signedIn(server);
    await page.commands.setDraft(ROOM, { text: 'half a', replyTo: null, editing: null });
    page.engine.stop();
    const again = await signedIn(server, page.databaseName);
    expect(again.state.drafts[ROOM]?.text).toBe('half a');
  });
});
