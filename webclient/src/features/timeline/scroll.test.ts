import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { glide, isGliding, stopGlide } from './scroll';

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
  glide(box, () => box.scrollHeight);
  drawn(1000);
  drawn(1100);
  expect(box.scrollTop).toBeGreaterThan(2000);
  expect(box.scrollTop).toBeLessThan(2400);
  expect(isGliding()).toBe(true);
  drawn(1700);
  expect(box.scrollTop).toBe(2400);
  expect(isGliding()).toBe(false);
});

test('a frame that began before the glide, as on a busy machine, does not throw it back', () => {
  const box = boxAt(2000);
  glide(box, () => box.scrollHeight);
  drawn(performance.now() - 500);
  expect(box.scrollTop).toBeGreaterThanOrEqual(2000);
});
