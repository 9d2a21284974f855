import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { glide, glideBy, isGliding, restoreAnchor, stopGlide } from './scroll';

let drawn: (at_ms: number) => void = () => undefined;

beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', (run: (at_ms: number) => void) => {
    drawn = run;
    return 1;
  });
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  vi.stubGlobal('document', { documentElement: { dataset: {} } });
});

afterEach(() => {
  stopGlide();
  vi.unstubAllGlobals();
});

const boxAt = (scrollTop: number) => ({ scrollTop, scrollHeight: 3000, clientHeight: 600 }) as HTMLElement;

test('a glide goes to its end and no further', () => {
  const box = boxAt(2000);
  const began = performance.now();
  glide(box, () => box.scrollHeight);
  drawn(began + 100);
  expect(box.scrollTop).toBeGreaterThan(2000);
  expect(box.scrollTop).toBeLessThan(2400);
  expect(isGliding()).toBe(true);
  drawn(began + 1000);
  expect(box.scrollTop).toBe(2400);
  expect(isGliding()).toBe(false);
});

test('a frame that began before the glide, as on a busy machine, does not throw it back', () => {
  const box = boxAt(2000);
  glide(box, () => box.scrollHeight);
  drawn(performance.now() - 500);
  expect(box.scrollTop).toBeGreaterThanOrEqual(2000);
});

test('the reader stays at a row when many above it go, although the browser has moved the box by itself', () => {
  const at = (top: number) => ({ isConnected: true, getBoundingClientRect: () => ({ top }) }) as HTMLElement;
  // 4000 px of rows are left of 6400: the browser has put the box to the new end.
  const box = boxAt(3400);
  restoreAnchor(box, at(0), { row: at(3100), top: 5500 }, 5400);
  expect(box.scrollTop).toBe(3000);
});

test('rows that come above while the box glides are passed over, and the way stays as long', () => {
  const box = boxAt(1500);
  const began = performance.now();
  const row = { isConnected: true, getBoundingClientRect: () => ({ top: 1000 }) } as HTMLElement;
  const content = { getBoundingClientRect: () => ({ top: 0 }) } as HTMLElement;
  glideBy(box, -400);
  drawn(began + 20);
  const before = box.scrollTop;
  // 200 px of older rows: what was seen is 200 px further down now.
  restoreAnchor(box, content, { row, top: 800 }, before);
  expect(box.scrollTop).toBe(before + 200);
  drawn(began + 21);
  expect(Math.abs(box.scrollTop - before - 200)).toBeLessThan(20);
  drawn(began + 2000);
  expect(box.scrollTop).toBe(1300);
});
