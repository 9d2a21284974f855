import { expect, test } from 'vitest';
import { belongingTo, moveTab, ownTabs, roomsOfSpace } from '../../src/features/chat-list/folders';
import type { Folder, MirrorState, Room } from '../../src/store/contract';
import { noOwn, type Own } from '../../src/store/own';
import { groupOf, room, signedIn } from '../scenes/build';

const folder = (id: string, part: Partial<Folder> = {}): Folder => ({
  id,
  name: id,
  emoji: '',
  kinds: [],
  include: [],
  exclude: [],
  without: ['archived'],
  ...part,
});
const space = (id: string, ...children: string[]): Room =>
  room(id, id, { kind: 'space', group: groupOf({ children }) });
const state = (rooms: readonly Room[], own: Partial<Own> = {}): MirrorState =>
  signedIn({ rooms: Object.fromEntries(rooms.map((one) => [one.id, one])), own: { ...noOwn, ...own } });
const inside = (known: MirrorState, id: Parameters<typeof belongingTo>[1]) =>
  Object.values(known.rooms)
    .filter(belongingTo(known, id))
    .map((one) => one.id);

test('rules of a folder: kinds, without what, and by hand whatever the rules say', () => {
  const rooms = [
    room('!plain', 'a'),
    room('!muted', 'b', { muted: true }),
    room('!away', 'c', { lowPriority: true }),
    room('!dm', 'd', { kind: 'dm' }),
    room('!never', 'e'),
  ];
  const groups = (part: Partial<Folder>) =>
    inside(state(rooms, { folders: [folder('f', { kinds: ['group'], exclude: ['!never'], ...part })] }), 'own-f');
  expect(groups({})).toEqual(['!plain', '!muted']);
  expect(groups({ without: ['muted'] })).toEqual(['!plain', '!away']);
  expect(groups({ without: ['muted', 'read', 'archived'] })).toEqual([]);
  expect(groups({ without: ['muted'], include: ['!muted', '!dm', '!never'] })).toEqual([
    '!plain',
    '!muted',
    '!away',
    '!dm',
  ]);
});

test('a space holds the rooms of the spaces in it, and ends where it goes in a circle', () => {
  const known = state([
    space('!s', '!a', '!sub', '!other'),
    space('!sub', '!b', '!s'),
    room('!a', 'a'),
    room('!b', 'b'),
  ]);
  expect([...roomsOfSpace(known, '!s')].sort()).toEqual(['!a', '!b', '!other', '!sub']);
  expect(inside(known, 'space-!s')).toEqual(['!sub', '!a', '!b']);
});

test('tabs: folders and the outermost spaces, in my order, without those that I hide', async () => {
  const rooms = [
    space('!s', '!sub'),
    space('!sub'),
    space('!hidden'),
    { ...space('!left'), membership: 'leave' as const },
  ];
  const own = {
    folders: [folder('one', { emoji: '🐝' }), folder('two')],
    tabs: { order: ['!s', 'two'], hidden: ['!hidden'] },
  };
  const known = state(rooms, own);
  expect(ownTabs(known).map((tab) => tab.label)).toEqual(['!s', 'two', '🐝 one']);
  expect(ownTabs(known, true).map((tab) => tab.key)).toEqual(['!s', 'two', 'one', '!hidden']);
  const kept: unknown[] = [];
  const commands = { setTabs: async (tabs: unknown) => void kept.push(tabs) };
  await moveTab(known, commands as never, 'one', 0);
  expect(kept).toEqual([{ order: ['one', '!s', 'two', '!hidden'], hidden: ['!hidden'] }]);
});
