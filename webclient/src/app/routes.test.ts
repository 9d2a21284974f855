import { expect, test } from 'vitest';
import { hashOf, routeOf } from './routes';

test('an address leads back to the chat it was made from', () => {
  for (const route of [
    { roomId: null, info: false },
    { roomId: '!abc:example.org', info: false },
    { roomId: '!a/b:localhost:8448', info: true },
    { roomId: '!abc:example.org', info: false, thread: '$root/with+signs' },
    { roomId: '!room-version-twelve-has-no-server', info: false },
  ]) {
    expect(routeOf(hashOf(route))).toEqual(route);
  }
});

test('an address of something else shows the chat list', () => {
  expect(routeOf('')).toEqual({ roomId: null, info: false });
  expect(routeOf('#/settings')).toEqual({ roomId: null, info: false });
});
