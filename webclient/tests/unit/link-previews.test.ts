import { expect, test } from 'vitest';
import { bundle, bundledPreview, firstLink, pagePreview } from '../../src/model/link-previews';

const PAGE = {
  'og:title': ' A\n title ',
  'og:description': 'Words',
  'og:image': 'mxc://test/pic',
  'og:image:width': 640,
};

test.each([
  ['see https://example.org/a, and https://other.test', 'https://example.org/a'],
  ['(http://example.org)', 'http://example.org'],
  ['https://matrix.to/#/@ann:test', null],
  ['javascript:alert(1) ftp://example.org nothing', null],
])('the first link of %j is %j', (words, link) => {
  expect(firstLink(words)).toBe(link);
});

test('what a page says is cut to lines, and its host stands in for a name', () => {
  expect(pagePreview('https://www.example.org/a', PAGE)).toEqual({
    url: 'https://www.example.org/a',
    site: 'example.org',
    title: 'A title',
    words: 'Words',
    mxc: 'mxc://test/pic',
    w: 640,
    h: 0,
  });
  expect(
    pagePreview('https://example.org', { 'og:site_name': 'Only a name', 'og:image': 'https://x/y.png' }),
  ).toBeNull();
});

test('a preview goes along with a message and is read again', () => {
  const preview = pagePreview('https://example.org/a', { ...PAGE, 'og:image:height': 480, 'og:site_name': 'Example' });
  expect(bundledPreview({ body: 'go to https://example.org/a', ...bundle(preview) })).toEqual(preview);
  expect(bundledPreview({ body: 'https://example.org/a', ...bundle(null) })).toBe('none');
  expect(bundledPreview({ body: 'https://example.org/a' })).toBeNull();
});

test('a card never leads where the words of the message do not', () => {
  const preview = pagePreview('https://evil.test/', PAGE);
  expect(bundledPreview({ body: 'https://bank.test/', ...bundle(preview) })).toBe('none');
});
