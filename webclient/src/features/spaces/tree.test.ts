import { expect, test } from 'vitest';
import type { SpaceRoom } from '../../store/contract';
import { matching, type SpaceNode, treeOf } from './tree';

const room = (roomId: string, children: readonly string[] = []): SpaceRoom => ({
  roomId,
  alias: '',
  name: roomId.slice(1),
  topic: '',
  avatar: null,
  members: 1,
  access: 'public',
  isSpace: children.length > 0,
  worldReadable: false,
  way: 'join',
  children: children.map((id) => ({ id, via: [id.slice(1)] })),
});
const shape = (node: SpaceNode | undefined): unknown =>
  node && (node.children.length > 0 ? [node.room.roomId, node.children.map(shape)] : node.room.roomId);

test('a tree has what came, in the order of each space, with the servers that know it', () => {
  const tree = treeOf([room('!s', ['!b', '!sub', '!gone']), room('!sub', ['!a']), room('!a'), room('!b')], '!s', ['x']);
  expect(shape(tree)).toEqual(['!s', ['!b', ['!sub', ['!a']]]]);
  expect(tree?.via).toEqual(['x']);
  expect(tree?.children[0]?.via).toEqual(['b']);
});

test('a space that is in itself ends there, a room in two spaces is in both', () => {
  const rooms = [room('!s', ['!one', '!two']), room('!one', ['!a', '!s']), room('!two', ['!a', '!one']), room('!a')];
  expect(shape(treeOf(rooms, '!s', []))).toEqual([
    '!s',
    [
      ['!one', ['!a']],
      ['!two', ['!a', ['!one', ['!a']]]],
    ],
  ]);
});

test('of a tree stays what fits and the way to it', () => {
  const tree = treeOf(
    [room('!s', ['!b', '!sub']), room('!sub', ['!a', '!c']), room('!a'), room('!b'), room('!c')],
    '!s',
    [],
  );
  expect(tree && shape(matching(tree, (one) => one.name === 'c'))).toEqual(['!s', [['!sub', ['!c']]]]);
  expect(tree && matching(tree, () => false)).toBeUndefined();
});
