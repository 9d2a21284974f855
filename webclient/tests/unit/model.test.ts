import { describe, expect, test } from 'vitest';
import { isUserId, type MatrixEvent } from '../../src/model/events';
import { GROUP_GAP_MS, type GroupInput, layoutRows } from '../../src/model/grouping';
import { cleanName, roomName, uniqueName } from '../../src/model/names';
import { CREATOR_LEVEL, levelOf, powersOf } from '../../src/model/powers';
import { previewBody } from '../../src/model/preview';
import { bodyOf, editedContent, isValidEdit, newerEdit } from '../../src/model/relations';
import { serviceLine } from '../../src/model/service';

const NOON = new Date(2026, 5, 1, 12).getTime();

function item(key: string, sender: string, ts = NOON, kind: GroupInput['kind'] = 'message'): GroupInput {
  return { key, eventId: key, sender, ts, kind };
}

const places = (items: GroupInput[], unreadAfter: string | null = null) =>
  layoutRows(items, { me: 'me', unreadAfter }).map((row) => (row.type === 'item' ? row.place : row.type));

describe('groups of bubbles', () => {
  test('a sender in a row makes one group', () => {
    expect(places([item('1', 'a'), item('2', 'a'), item('3', 'a'), item('4', 'b')])).toEqual([
      'day',
      'first',
      'middle',
      'last',
      'single',
    ]);
  });

  test('a pause ends a group', () => {
    expect(places([item('1', 'a'), item('2', 'a', NOON + GROUP_GAP_MS)])).toEqual(['day', 'single', 'single']);
  });

  test('midnight ends a group and brings a new day', () => {
    const midnight = new Date(2026, 5, 2).getTime();
    expect(places([item('1', 'a', midnight - 1), item('2', 'a', midnight)])).toEqual([
      'day',
      'single',
      'day',
      'single',
    ]);
  });

  test('a service line stands alone', () => {
    expect(places([item('1', 'a'), item('2', 'a', NOON, 'service'), item('3', 'a')])).toEqual([
      'day',
      'single',
      'single',
      'single',
    ]);
  });

  test('the unread line stands before the first unread message of somebody else, and splits a group', () => {
    expect(places([item('1', 'a'), item('2', 'a')], '1')).toEqual(['day', 'single', 'unread', 'single']);
    expect(places([item('1', 'a'), item('2', 'me')], '1')).not.toContain('unread');
  });

  test('an album of which a part was read stays one: the unread line stands above it', () => {
    const items = [item('1', 'a'), item('2', 'a'), item('3', 'a'), item('4', 'a')];
    const albumOf = ({ key }: GroupInput) => (key === '1' ? null : 'album');
    const types = (unreadAfter: string) =>
      layoutRows(items, { me: 'me', unreadAfter, albumOf }).map((row) => (row.type === 'item' ? row.key : row.type));
    expect(types('2')).toEqual(['day', '1', 'unread', '2', '3', '4']);
    expect(types('3')).toEqual(['day', '1', 'unread', '2', '3', '4']);
    expect(types('1')).toEqual(['day', '1', 'unread', '2', '3', '4']);
  });

  test('a slice goes on with the day above it', () => {
    const rows = layoutRows([item('2', 'a')], { me: 'me', unreadAfter: null, before: item('1', 'a') });
    expect(rows).toEqual([{ type: 'item', key: '2', place: 'last' }]);
  });
});

describe('names', () => {
  const ann = { userId: '@ann:test', displayName: 'Ann' };
  const bob = { userId: '@bob:test', displayName: null };

  test.each([
    ['Tea', { name: 'Tea', alias: '#tea:test', heroes: [ann], people: 2 }],
    ['#tea:test', { name: null, alias: '#tea:test', heroes: [ann], people: 2 }],
    ['Ann', { name: null, alias: null, heroes: [ann], people: 2 }],
    ['Ann, bob', { name: ' ', alias: null, heroes: [ann, bob], people: 3 }],
    ['Ann, bob +3', { name: null, alias: null, heroes: [ann, bob], people: 6 }],
    ['', { name: null, alias: null, heroes: [], people: 1 }],
  ])('a room is called %j', (name, room) => {
    expect(roomName(room)).toBe(name);
  });

  test('two of one name get their ids added', () => {
    expect(uniqueName(ann, () => 2)).toBe('Ann (@ann:test)');
    expect(uniqueName(ann, () => 1)).toBe('Ann');
    expect(uniqueName(bob, () => 5)).toBe('bob');
  });

  test('marks that turn the writing round are not shown', () => {
    expect(cleanName('\u202Ekcirt\u2069')).toBe('kcirt');
    expect(cleanName('\u200F \u0007')).toBeNull();
  });

  test.each([
    ['@ann:example.org', true],
    ['@ann:localhost:8448', true],
    ['@ann:[::1]:8448', true],
    ['ann:example.org', false],
    ['@ann', false],
    ['@a b:example.org', false],
  ])('%s is a user id: %s', (value, is) => {
    expect(isUserId(value)).toBe(is);
  });
});

describe('power', () => {
  test('follows the levels of the room', () => {
    const powers = powersOf(
      { users: { '@ann:test': 50 }, users_default: 5, events: { 'm.room.name': 70 } },
      {},
      '@cre:test',
    );
    expect(levelOf(powers, '@ann:test')).toBe(50);
    expect(levelOf(powers, '@bob:test')).toBe(5);
    expect(powers.need.state('m.room.name')).toBe(70);
    expect(powers.need.state('m.room.topic')).toBe(50);
    expect(powers.need.event('m.room.message')).toBe(0);
  });

  test('without levels the creator alone has some', () => {
    const powers = powersOf(null, { room_version: '11' }, '@cre:test');
    expect([levelOf(powers, '@cre:test'), levelOf(powers, '@bob:test')]).toEqual([100, 0]);
  });

  test('from version 12 on creators are above all levels', () => {
    const powers = powersOf({}, { room_version: '12', additional_creators: ['@two:test'] }, '@cre:test');
    expect([levelOf(powers, '@cre:test'), levelOf(powers, '@two:test')]).toEqual([CREATOR_LEVEL, CREATOR_LEVEL]);
  });
});

function event(fields: Partial<MatrixEvent>): MatrixEvent {
  return { type: 'm.room.message', event_id: '$1', sender: '@ann:test', origin_server_ts: 1, content: {}, ...fields };
}

describe('relations', () => {
  const original = event({ content: { body: 'old', 'm.relates_to': { 'm.in_reply_to': { event_id: '$0' } } } });
  const edit = event({
    event_id: '$2',
    content: { 'm.new_content': { body: 'new' }, 'm.relates_to': { rel_type: 'm.replace', event_id: '$1' } },
  });

  test('an edit keeps the reply of the original', () => {
    expect(editedContent(original, edit)).toEqual({
      body: 'new',
      'm.relates_to': { 'm.in_reply_to': { event_id: '$0' } },
    });
  });

  test.each([
    ['another sender', original, { ...edit, sender: '@eve:test' }],
    ['another type', original, { ...edit, type: 'm.sticker' }],
    ['a state event', { ...original, state_key: '' }, edit],
    ['an edit of an edit', edit, { ...edit, event_id: '$3' }],
    ['no new content', original, { ...edit, content: {} }],
  ])('an edit is not taken from %s', (_what, target, candidate) => {
    expect(isValidEdit(target, candidate)).toBe(false);
  });

  test('the newer edit wins, by time and then by id', () => {
    const later = event({ event_id: '$a', origin_server_ts: 9 });
    const same = event({ event_id: '$b', origin_server_ts: 9 });
    expect(newerEdit(edit, later)).toBe(later);
    expect(newerEdit(same, later)).toBe(same);
  });

  test('the quote that old clients put above a reply is not shown', () => {
    const reply = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$0' } } };
    expect(bodyOf({ body: '> <@b:t> q\n> more\n\nanswer', ...reply })).toBe('answer');
    expect(bodyOf({ body: '> my own quote', msgtype: 'm.text' })).toBe('> my own quote');
  });
});

describe('previews', () => {
  test('are one line and never too long', () => {
    const body = previewBody(
      'message',
      'm.room.message',
      { msgtype: 'm.text', body: `a\n\n b${'😀'.repeat(300)}` },
      null,
    );
    expect(body.text.startsWith('a b😀')).toBe(true);
    expect(Array.from(body.text)).toHaveLength(201);
  });

  test('tell what kind of thing it is', () => {
    expect(previewBody('message', 'm.room.message', { msgtype: 'm.image', body: 'x.png' }, null).kind).toBe('image');
    expect(previewBody('encrypted', 'm.room.encrypted', { body: 'no' }, null)).toEqual({ kind: 'encrypted', text: '' });
  });
});

describe('service lines', () => {
  const nameOf = (userId: string) => userId;
  const member = (sender: string, membership: string, before: object = {}, more: object = {}) =>
    serviceLine(
      event({
        type: 'm.room.member',
        sender,
        state_key: '@bob:test',
        content: { membership, ...more },
        unsigned: { prev_content: before },
      }),
      nameOf,
    )?.what ?? null;

  test.each([
    ['joined', '@bob:test', 'join', {}],
    ['joined', '@bob:test', 'join', { membership: 'invite' }],
    [null, '@bob:test', 'join', { membership: 'join' }],
    ['left', '@bob:test', 'leave', { membership: 'join' }],
    ['inviteRejected', '@bob:test', 'leave', { membership: 'invite' }],
    ['kicked', '@ann:test', 'leave', { membership: 'join' }],
    ['inviteWithdrawn', '@ann:test', 'leave', { membership: 'invite' }],
    ['unbanned', '@ann:test', 'leave', { membership: 'ban' }],
    ['invited', '@ann:test', 'invite', {}],
    ['banned', '@ann:test', 'ban', { membership: 'join' }],
  ])('say %s', (what, sender, membership, before) => {
    expect(member(sender, membership, before)).toBe(what);
  });

  test('say who is called what now', () => {
    expect(member('@bob:test', 'join', { membership: 'join', displayname: 'B' }, { displayname: 'Bob' })).toBe(
      'renamedSelf',
    );
    expect(member('@bob:test', 'join', { membership: 'join' }, { avatar_url: 'mxc://a/b' })).toBe('changedAvatar');
  });
});
