import { expect, test } from 'vitest';
import { qrCode } from './qr';

const drawn = (text: string) => qrCode(text)?.map((row) => row.map((dark) => (dark ? '#' : '.')).join('')) ?? null;

test('a code is drawn as readers of other makers read it', () => {
  expect(drawn('hearth')).toEqual([
    '#######...#.#.#######',
    '#.....#.#...#.#.....#',
    '#.###.#..##...#.###.#',
    '#.###.#...###.#.###.#',
    '#.###.#.#####.#.###.#',
    '#.....#....#..#.....#',
    '#######.#.#.#.#######',
    '.........#...........',
    '#.#.#.#.....#...#..#.',
    '#.##...#####.#.#...##',
    '#.#.#####.##.###.####',
    '###.#...#.####.##..#.',
    '#.###.####.#.###.....',
    '........##....##.#.##',
    '#######..#..#...#####',
    '#.....#.......##...##',
    '#.###.#.##..#.#..#.##',
    '#.###.#...##.#.###.#.',
    '#.###.#.##.#.####...#',
    '#.....#...####.#...#.',
    '#######.#..#.#####.##',
  ]);
});

test('a code grows with what it says, up to a length', () => {
  const sides = [14, 15, 106, 107, 213].map((length) => drawn('x'.repeat(length))?.length);
  expect(sides).toEqual([21, 25, 41, 45, 57]);
  expect(drawn('ж'.repeat(106))?.length).toBe(57);
  expect(drawn('x'.repeat(214))).toBeNull();
});
