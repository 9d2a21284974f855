import { afterEach, expect, test, vi } from 'vitest';
import { watchSideways } from './sideways';

afterEach(() => vi.unstubAllGlobals());

const tabs = ['media', 'files', 'links'].map((id) => ({ id }));

/** A box over these tabs, and a finger on it; `chosen`: what it led to. */
function box(direction: 'ltr' | 'rtl' = 'ltr') {
  vi.stubGlobal('getComputedStyle', () => ({ direction }));
  const target = Object.assign(new EventTarget(), { style: { touchAction: '' } });
  const chosen: string[] = ['files'];
  watchSideways(
    target as unknown as HTMLElement,
    () => tabs,
    () => chosen.at(-1) ?? '',
    (id) => chosen.push(id),
  );
  const touch = (type: string, ...points: readonly (readonly [number, number])[]) => {
    const touches = points.map(([clientX, clientY]) => ({ clientX, clientY }));
    target.dispatchEvent(Object.assign(new Event(type), { touches, changedTouches: touches }));
  };
  const swipe = (dx: number, dy = 0) => {
    touch('touchstart', [200, 200]);
    touch('touchend', [200 + dx, 200 + dy]);
  };
  return { chosen, style: target.style, touch, swipe };
}

test('a finger that goes sideways leads to the tab beside, and stops at both ends', () => {
  const { chosen, swipe } = box();
  swipe(-80);
  swipe(-80);
  swipe(80);
  swipe(80);
  swipe(80);
  expect(chosen).toEqual(['files', 'links', 'files', 'media']);
});

test('where words run to the left, so do the tabs', () => {
  const { chosen, swipe } = box('rtl');
  swipe(80);
  expect(chosen).toEqual(['files', 'links']);
});

test('a finger that scrolls, trembles, is taken over or is not alone leads nowhere', () => {
  const { chosen, touch, swipe } = box();
  swipe(-80, 60);
  swipe(-40);
  touch('touchstart', [200, 200]);
  touch('touchcancel');
  touch('touchend', [100, 200]);
  touch('touchstart', [200, 200], [250, 250]);
  touch('touchend', [100, 200]);
  expect(chosen).toEqual(['files']);
});

test('the browser leaves such fingers to the tabs', () => {
  expect(box().style.touchAction).toBe('pan-y pinch-zoom');
});
