import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Patch } from '../engine/rpc';
import { Frames } from './frames';
import { createMirror } from './mirror';

let draw: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => {
    draw = run;
    return 1;
  });
  vi.stubGlobal('cancelAnimationFrame', () => {
    draw = () => undefined;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const typing = (roomId: string): Patch => ({ p: 'typing', roomId, users: [] });

function noted() {
  const applied: string[][] = [];
  const apply = (patches: readonly Patch[]) =>
    void applied.push(patches.map((patch) => (patch.p === 'typing' ? patch.roomId : patch.p)));
  return { applied, frames: new Frames({ ...createMirror(), apply }) };
}

test('what comes between two frames is applied together, in order', () => {
  const { applied, frames } = noted();
  frames.add([typing('a')]);
  frames.add([typing('b'), typing('c')]);
  expect(applied).toEqual([]);
  draw();
  expect(applied).toEqual([['a', 'b', 'c']]);
  frames.add([typing('d')]);
  draw();
  expect(applied).toEqual([['a', 'b', 'c'], ['d']]);
});

test('what a chat opens with does not wait for the next frame', () => {
  const { applied, frames } = noted();
  const flags = { hasOlder: false, hasNewer: false, live: true, loadingOlder: false, loadingNewer: false };
  frames.add([typing('a')]);
  frames.add([{ p: 'timeline', roomId: 'a', splice: null, events: {}, flags: { ...flags, loadError: null } }]);
  expect(applied).toEqual([['a', 'timeline']]);
});

test('an answer does not wait for the next frame, and nothing is applied twice', () => {
  const { applied, frames } = noted();
  frames.add([typing('a')]);
  frames.flush();
  draw();
  vi.runAllTimers();
  expect(applied).toEqual([['a']]);
});

test('a page that is not drawn follows too', () => {
  const { applied, frames } = noted();
  frames.add([typing('a')]);
  vi.advanceTimersByTime(100);
  expect(applied).toEqual([['a']]);
});
