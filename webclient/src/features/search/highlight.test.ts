import { expect, test } from 'vitest';
import { rangesOf } from './highlight';

test('all places of all words are found, whatever their letters', () => {
  expect(rangesOf('Quince and quince', ['quince', 'and'])).toEqual([
    { from: 0, to: 6 },
    { from: 11, to: 17 },
    { from: 7, to: 10 },
  ]);
  expect(rangesOf('nothing', ['quince', ''])).toEqual([]);
});

test('a text whose small letters are more signs is left alone', () => {
  expect(rangesOf('İstanbul quince', ['quince'])).toEqual([]);
});
