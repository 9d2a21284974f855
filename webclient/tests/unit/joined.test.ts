import { expect, test } from 'vitest';
import { requireJoined } from '../../src/engine/joined';

const knowing = (rooms: Record<string, { membership: string }>) =>
  ({ account: { rooms: new Map(Object.entries(rooms)) } }) as unknown as Parameters<typeof requireJoined>[0];

test('nobody writes into a room they have left', () => {
  expect(() => requireJoined(knowing({ '!a': { membership: 'leave' } }), '!a')).toThrow('not in this room');
});

test('what is written while the rooms come anew is taken', () => {
  expect(() => requireJoined(knowing({ '!a': { membership: 'join' } }), '!a')).not.toThrow();
  expect(() => requireJoined(knowing({}), '!a')).not.toThrow();
});
