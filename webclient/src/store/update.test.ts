import { expect, test } from 'vitest';
import { entriesIn } from './update';

test('the files by which a page begins are those of its scripts', () => {
  const html = '<link href="/assets/a.css"><script type="module" crossorigin src="/assets/main-1.js"></script>';
  expect(entriesIn(html)).toEqual(['/assets/main-1.js']);
  expect(entriesIn('<title>Down for a moment</title>')).toEqual([]);
});
