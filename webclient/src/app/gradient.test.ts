import { expect, test } from 'vitest';
import { paint, rgb, side } from './gradient';

const colours = ['#dbddbb', '#6ba587', '#d5d88d', '#88b884'].map(rgb);
const picture = (turns: number) => {
  const pixels = new Uint8ClampedArray(side * side * 4);
  paint(pixels, colours, turns);
  return pixels;
};

test('every pixel lies between the four colours and is opaque', () => {
  const pixels = picture(0);
  for (let at = 0; at < pixels.length; at += 4) {
    expect(pixels[at]).toBeGreaterThanOrEqual(0x6b);
    expect(pixels[at]).toBeLessThanOrEqual(0xdb);
    expect(pixels[at + 3]).toBe(255);
  }
});

test('the picture turns and is back after eight stations', () => {
  expect(picture(1)).not.toEqual(picture(0));
  expect(picture(8)).toEqual(picture(0));
});
