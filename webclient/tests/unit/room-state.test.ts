import { expect, test } from 'vitest';
import type { Core } from '../../src/engine/core';
import { StateChanges } from '../../src/engine/room-state';

test('what is changed in one room does not wait for another, whose server does not answer', async () => {
  const sent: unknown[] = [];
  const core = {
    http: ({ path }: { path: string }) => (path.includes('slow') ? new Promise(() => undefined) : Promise.resolve({})),
    request: (_method: string, body: { room_id: string }) => Promise.resolve(sent.push(body.room_id)),
  };
  const changes = new StateChanges(core as unknown as Core);
  void changes.make('!slow:test', 'm.room.pinned_events', () => ({ pinned: ['$1'] }));
  await changes.make('!room:test', 'm.room.pinned_events', () => ({ pinned: ['$2'] }));
  expect(sent).toEqual(['!room:test']);
});

test('a change that failed does not keep the next one from being made', async () => {
  const answers = [Promise.reject(new Error('no')), Promise.resolve({ pinned: ['$1'] })];
  const sent: unknown[] = [];
  const core = {
    http: () => answers.shift(),
    request: (_method: string, body: { content: unknown }) => Promise.resolve(sent.push(body.content)),
  };
  const changes = new StateChanges(core as unknown as Core);
  const add = (id: string) =>
    changes.make('!room:test', 'm.room.pinned_events', (now) => ({ pinned: [...(now.pinned as string[]), id] }));
  const [first, second] = await Promise.allSettled([add('$2'), add('$3')]);
  expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  expect(sent).toEqual([{ pinned: ['$1', '$3'] }]);
});
