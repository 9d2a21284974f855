import { createRoot } from 'solid-js';
import { createStore } from 'solid-js/store';
import { expect, test } from 'vitest';
import type { MirrorState } from '../../src/store/contract';
import { watchNotices } from '../../src/store/notices';

const ROOM = '!room:test';

/** A list of one chat; `told` and `read` note what was called, by the message and by the count. */
function watched(count: number, key: string) {
  const room = (notifications: number, last: string) => ({
    id: ROOM,
    unread: { notifications, highlights: 0 },
    preview: { key: last },
  });
  const told: string[] = [];
  const [state, setState] = createStore({
    roomOrder: [ROOM],
    rooms: { [ROOM]: room(count, key) },
    listReady: true,
    connection: { status: 'live' },
  });
  const dispose = createRoot((end) => {
    watchNotices(
      state as unknown as MirrorState,
      (notice) => told.push(notice.room.preview?.key ?? ''),
      () => told.push('read'),
    );
    return end;
  });
  return {
    told,
    dispose,
    now: (notifications: number, last: string) => setState('rooms', ROOM, room(notifications, last)),
  };
}

test('what comes is told of, and what was there when the page opened is not', () => {
  const { told, dispose, now } = watched(3, 'a');
  now(4, 'b');
  now(0, 'b');
  expect(told).toEqual(['b', 'read']);
  dispose();
});

test('a message is told of though the server counted again what had been read before it', () => {
  const { told, dispose, now } = watched(0, 'a');
  now(1, 'b');
  now(0, 'b');
  now(1, 'b'); // it has not heard of the reading yet
  now(1, 'c');
  expect(told).toEqual(['b', 'read', 'c']);
  dispose();
});
