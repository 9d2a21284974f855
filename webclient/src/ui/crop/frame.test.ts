import { expect, test } from 'vitest';
import { cutOf, held, middleOf, mostZoom, moved, zoomed } from './frame';

const wide = { width: 1000, height: 500 };

test('the frame begins in the middle and holds all of the shorter side', () => {
  expect(cutOf(middleOf(wide), wide)).toEqual({ x: 250, y: 0, side: 500 });
});

test('a picture that is moved stays under the whole frame', () => {
  // 250 px of a page with a frame of 250 are all of the 500 pixels in it.
  expect(cutOf(moved(middleOf(wide), 100, 40, wide, 250), wide)).toEqual({ x: 50, y: 0, side: 500 });
  expect(cutOf(moved(middleOf(wide), 1000, 0, wide, 250), wide).x).toBe(0);
  expect(cutOf(moved(middleOf(wide), -1000, 0, wide, 250), wide).x).toBe(500);
});

test('what is under the pointer stays there while one goes nearer', () => {
  const near = zoomed(middleOf(wide), 2, 125, 0, wide, 250);
  // The right edge of the frame was over x = 750.
  expect(cutOf(near, wide)).toEqual({ x: 500, y: 125, side: 250 });
  expect(zoomed(near, 0.1, 0, 0, wide, 250).zoom).toBe(1);
});

test('one goes no nearer than the picture has pixels', () => {
  expect(mostZoom(wide)).toBeCloseTo(500 / 64);
  expect(mostZoom({ width: 20, height: 30 })).toBe(1);
  expect(held({ x: 0, y: 0, zoom: 99 }, { width: 64, height: 64 })).toEqual({ x: 32, y: 32, zoom: 1 });
});
