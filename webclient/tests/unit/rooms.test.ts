import { describe, expect, test } from 'vitest';
import { Account } from '../../src/engine/sync/account';
import { Changes } from '../../src/engine/sync/changes';
import { nameIn } from '../../src/engine/sync/members';
import { roomOrder } from '../../src/engine/sync/order';
import { applyBody } from '../../src/engine/sync/reducer';
import { roomView } from '../../src/engine/sync/views';
import type { Json } from '../../src/model/events';

const ME = '@ann:test';
const ROOM = '!room:test';

function account(...bodies: Json[]): Account {
  const fresh = new Account(ME);
  for (const body of bodies) {
    applyBody(fresh, body, new Changes());
  }
  return fresh;
}

function view(known: Account, roomId = ROOM) {
  const room = known.rooms.get(roomId);
  if (room === undefined) {
    throw new Error(`no room ${roomId}`);
  }
  return roomView(known, room);
}

const state = (type: string, content: Json, key = '', sender = '@bob:test') => ({
  type,
  state_key: key,
  sender,
  content,
  event_id: `$${type}${key}`,
  origin_server_ts: 1,
});
const member = (userId: string, membership: string, more: Json = {}, sender = userId) =>
  state('m.room.member', { membership, ...more }, userId, sender);
const room = (result: Json) => ({ rooms: { [ROOM]: result } });
const initial = (...events: Json[]) => room({ initial: true, membership: 'join', required_state: events });

test('a member whose level was changed looks different, others do not', () => {
  const levels = (users: Json) => state('m.room.power_levels', { users });
  const known = account(initial(levels({ '@bob:test': 50 }), member('@bob:test', 'join'), member('@cy:test', 'join')));
  const changes = new Changes();
  applyBody(known, room({ required_state: [levels({ '@bob:test': 50, '@cy:test': 100 })] }), changes);
  expect([...(changes.members.get(ROOM) ?? [])]).toEqual(['@cy:test']);
});

describe('the order of the list', () => {
  const chat = (at: number, ...more: Json[]) => ({
    initial: true,
    membership: 'join',
    bump_stamp: at,
    required_state: [state('m.room.create', {}), ...more],
    timeline: [
      {
        ...state('m.room.message', { msgtype: 'm.text', body: 'x' }),
        state_key: undefined,
        event_id: `$${at}`,
        origin_server_ts: at * 1000,
      },
    ],
  });
  const draft = (id: string, content: Json) => ({
    extensions: { account_data: { rooms: { [id]: [{ type: 'app.hearth.draft', content }] } } },
  });

  test('what is being written lies above all that was said before it, and not above what was said since', () => {
    const rooms = { '!a:test': chat(1), '!b:test': chat(2), '!c:test': chat(3) };
    const known = account({ rooms }, draft('!a:test', { text: 'half', ts: 2500 }));
    for (const [id, one] of known.rooms) known.rooms.set(id, { ...one, preview: previewAt(one.bumpStamp * 1000) });
    expect(roomOrder(known).rooms).toEqual(['!c:test', '!a:test', '!b:test']);
  });

  test('a room that goes on in another one that I am in has no row of its own', () => {
    const gone = state('m.room.tombstone', { replacement_room: '!b:test' });
    const create = (id: string) => ({
      ...state('m.room.create', { predecessor: { room_id: id } }),
      event_id: `$of${id}`,
    });
    const order = (id: string) =>
      roomOrder(account({ rooms: { '!a:test': chat(1, gone), '!b:test': chat(2, create(id)) } }));
    expect(order('!a:test').rooms).toEqual(['!b:test']);
    expect(order('!other:test').rooms).toEqual(['!b:test', '!a:test']);
  });
});

const previewAt = (ts: number) => ({
  key: `$${ts}`,
  sender: '@bob:test',
  senderName: 'bob',
  ts,
  body: { kind: 'text', text: 'x' } as const,
  delivery: null,
});

describe('a room of the stream', () => {
  test('keeps what a delta does not name', () => {
    const known = account(initial(state('m.room.topic', { topic: 'tea' })), room({ joined_count: 7 }));
    expect(view(known)).toMatchObject({ topic: 'tea', joinedCount: 7, membership: 'join' });
  });

  test('forgets what an initial result does not name', () => {
    const known = account(initial(state('m.room.topic', { topic: 'tea' })), initial());
    expect(view(known).topic).toBe('');
  });

  test('loses state that comes as a stub', () => {
    const known = account(
      initial(state('m.room.name', { name: 'Tea' })),
      room({ required_state: [{ type: 'm.room.name', state_key: '' }] }),
    );
    expect(view(known).name).toBe('');
  });

  test('takes state from its timeline, but not from the resent part of it', () => {
    const older = { ...state('m.room.name', { name: 'Old' }), event_id: '$old' };
    const known = account(
      initial(state('m.room.name', { name: 'Now' })),
      room({ expanded_timeline: true, num_live: 0, timeline: [older] }),
    );
    expect(view(known).name).toBe('Now');
    applyBody(known, room({ timeline: [{ ...older, event_id: '$new', content: { name: 'New' } }] }), new Changes());
    expect(view(known).name).toBe('New');
  });

  test('is in the list while I am in it, and no space', () => {
    const known = account(initial());
    expect(roomOrder(known).rooms).toEqual([ROOM]);
    applyBody(known, room({ membership: 'leave' }), new Changes());
    expect(roomOrder(known)).toEqual({ rooms: [], invites: [] });
    expect(roomOrder(account(initial(state('m.room.create', { type: 'm.space' })))).rooms).toEqual([]);
  });

  test('of which only account data is known is not shown', () => {
    const known = account({ extensions: { account_data: { rooms: { [ROOM]: [{ type: 'm.tag', content: {} }] } } } });
    expect(roomOrder(known)).toEqual({ rooms: [], invites: [] });
  });

  test('survives nonsense', () => {
    const nonsense = {
      rooms: { x: {}, '!a': null, '!b': { timeline: [1, { type: 2 }], required_state: 'x', heroes: {} } },
      extensions: [],
    };
    expect(() => account(nonsense, { rooms: [] }, { lists: null })).not.toThrow();
  });
});

describe('an invitation', () => {
  const invited = room({
    stripped_state: [state('m.room.name', { name: 'Tea' }), member(ME, 'invite', { is_direct: true }, '@bob:test')],
  });

  test('tells who invites, and to what', () => {
    const known = account(invited);
    expect(roomOrder(known)).toEqual({ rooms: [], invites: [ROOM] });
    expect(view(known)).toMatchObject({ name: 'Tea', membership: 'invite', inviter: '@bob:test', kind: 'dm' });
  });

  test('becomes a room when it is accepted', () => {
    const known = account(invited, initial(member(ME, 'join')));
    expect(roomOrder(known)).toEqual({ rooms: [ROOM], invites: [] });
  });
});

describe('a private chat', () => {
  const direct = { extensions: { account_data: { global: [{ type: 'm.direct', content: { '@bob:test': [ROOM] } }] } } };

  test('has the name and the face of the other one', () => {
    const bob = member('@bob:test', 'join', { displayname: 'Bob', avatar_url: 'mxc://test/bob' });
    expect(view(account(initial(member(ME, 'join'), bob), direct))).toMatchObject({
      kind: 'dm',
      name: 'Bob',
      avatar: 'mxc://test/bob',
      dmUserId: '@bob:test',
    });
  });

  test('that I began by number is called by it until somebody comes, and then by them', () => {
    const invite = { display_name: '+44 •••• ••••57', 'app.hearth.is_direct': true };
    const waiting = initial(member(ME, 'join'), state('m.room.third_party_invite', invite, 'token', ME));
    expect(view(account(waiting))).toMatchObject({ kind: 'dm', name: '+44 •••• ••••57', dmUserId: null });
    const bob = member('@bob:test', 'join', { displayname: 'Bob' });
    const come = account(waiting, room({ required_state: [bob], joined_count: 2 }));
    expect(view(come)).toMatchObject({ kind: 'dm', name: 'Bob', dmUserId: '@bob:test' });
    const theirs = state('m.room.third_party_invite', invite, 'token', '@bob:test');
    expect(view(account(initial(member(ME, 'join'), bob, theirs))).kind).toBe('group');
  });
});

describe('members', () => {
  test('of one name are told apart, until one of them leaves', () => {
    const ann = member('@ann2:test', 'join', { displayname: 'Bob' });
    const bob = member('@bob:test', 'join', { displayname: 'Bob' });
    const known = account(initial(ann, bob));
    expect(nameIn(known, ROOM, '@bob:test')).toBe('Bob (@bob:test)');
    applyBody(known, room({ required_state: [member('@ann2:test', 'leave')] }), new Changes());
    expect(nameIn(known, ROOM, '@bob:test')).toBe('Bob');
  });

  test('who are unknown are called by their id', () => {
    expect(nameIn(account(initial()), ROOM, '@zoe:far.test')).toBe('zoe');
  });
});

test('a rule of the room that does nothing mutes it', () => {
  const rules = { global: { room: [{ rule_id: ROOM, enabled: true, actions: [] }] } };
  const known = account(initial(), {
    extensions: { account_data: { global: [{ type: 'm.push_rules', content: rules }] } },
  });
  expect(view(known).muted).toBe(true);
});
