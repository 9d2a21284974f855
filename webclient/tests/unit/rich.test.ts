import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bigEmoji } from '../../src/model/emoji';
import { marksOf, written } from '../../src/model/marks';
import { mentionOf, parseRich, plainOf, type Rich } from '../../src/model/rich';

const shape = (of: readonly Rich[]): unknown[] =>
  of.map((node) => ('of' in node ? [node.t, ...shape(node.of)] : node.t === 'text' ? node.text : node.t));

describe('rich text', () => {
  test('keeps what is on the list and drops the rest', () => {
    expect(shape(parseRich('a <b>b<i>c</i></b><br><marquee>d</marquee><script>e</script>'))).toEqual([
      'a ',
      ['b', 'b', ['i', 'c']],
      'br',
      'd',
    ]);
  });

  test('has links of known schemes only, and mentions of people and rooms', () => {
    const of = parseRich(
      '<a href="javascript:alert(1)">x</a><a href="https://example.org/?a=1&amp;b=2">y</a><a href="https://matrix.to/#/@ann:example.org">Ann</a>',
    );
    expect(of).toEqual([
      { t: 'text', text: 'x' },
      { t: 'link', href: 'https://example.org/?a=1&b=2', of: [{ t: 'text', text: 'y' }] },
      { t: 'mention', id: '@ann:example.org', of: [{ t: 'text', text: 'Ann' }] },
    ]);
    expect(mentionOf('matrix:u/ann:example.org')).toBe('@ann:example.org');
  });

  test('takes pictures from the media store only, and the language of code', () => {
    expect(parseRich('<img src="https://evil.example/x.png" alt="x"><img src="mxc://a.b/c" alt=":y:">')).toEqual([
      { t: 'text', text: 'x' },
      { t: 'emoticon', mxc: 'mxc://a.b/c', alt: ':y:' },
    ]);
    expect(parseRich('<pre><code class="language-py">a &lt; b\n</code></pre>')).toEqual([
      { t: 'codeblock', language: 'py', text: 'a < b' },
    ]);
  });

  test('bears unclosed, crossed and very deep tags', () => {
    expect(shape(parseRich('<b>a<i>b</b>c'))).toEqual([['b', 'a', ['i', 'b']], 'c']);
    expect(plainOf(parseRich(`${'<b>'.repeat(5000)}x`))).toBe('x');
    expect(shape(parseRich('<ul><li>a<li>b</ul>'))).toEqual([['ul', ['li', 'a'], ['li', 'b']]]);
  });

  test('never takes long, whatever it is given', () => {
    const signs = fc.constantFrom('<', '>', '"', "'", '&', '=', '/', 'a', ' ', '<a href="', '<!--', '-->', '&#x', ';');
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 400 }), (parts) => {
        const began = performance.now();
        parseRich(parts.join(''));
        expect(performance.now() - began).toBeLessThan(200);
      }),
      { numRuns: 200 },
    );
    for (const evil of [
      '<a '.repeat(30_000),
      '<a "'.repeat(25_000),
      "<a '".repeat(25_000),
      '<'.repeat(100_000),
      '<!--'.repeat(25_000),
    ]) {
      const began = performance.now();
      parseRich(evil);
      expect([evil.slice(0, 5), performance.now() - began < 1_000]).toEqual([evil.slice(0, 5), true]);
    }
  });
});

describe('marks', () => {
  test.each([
    ['plain', undefined],
    ['a **b** c', 'a <strong>b</strong> c'],
    ['__i__ ~~s~~ ||x|| ++u++', '<em>i</em> <del>s</del> <span data-mx-spoiler>x</span> <u>u</u>'],
    ['`a**b**`', '<code>a**b**</code>'],
    ['**not closed', undefined],
    ['2 ** 3 ** 4', undefined],
    ['https://example.org/a__b__c', undefined],
    ['[here](https://example.org)', '<a href="https:&#47;&#47;example.org">here</a>'.replaceAll('&#47;', '/')],
    ['```py\nx = 1\n```', '<pre><code class="language-py">x = 1</code></pre>'],
    ['> said\nanswer', '<blockquote>said</blockquote>answer'],
    ['a **<b>**', 'a <strong>&#60;b&#62;</strong>'],
  ])('%s', (source, html) => {
    expect(written(source).html).toBe(html);
  });

  test('are not part of the plain body', () => {
    expect(written('a **b** `c`').text).toBe('a b c');
    expect(written('> said\nanswer').text).toBe('> said\nanswer');
  });

  test('mention people, and the room', () => {
    const mentions = [{ label: '@Ann', id: '@ann:example.org' }];
    expect(written('hi @Ann!', mentions)).toEqual({
      text: 'hi @Ann!',
      html: 'hi <a href="https://matrix.to/#/%40ann%3Aexample.org">@Ann</a>!',
      mentions: ['@ann:example.org'],
    });
    expect(written('gone', mentions)).toEqual({ text: 'gone' });
    expect(written('hey @room', [{ label: '@room', id: '@room' }])).toMatchObject({ mentionsRoom: true });
  });

  test('come back as they were typed', () => {
    for (const source of ['a **b** __c__', '`x` ||y||', '[z](https://example.org)', '```js\n1\n```']) {
      expect(marksOf(written(source).html ?? source).text).toBe(source);
    }
  });

  test('make markup that means what was typed, whatever that is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('*', '_', '~', '|', '`', '<', '>', '&', '"', 'a', ' ', '\n') }),
        (source) => {
          const tags = JSON.stringify(shape(parseRich(written(source).html ?? '')));
          expect(tags).not.toContain('script');
        },
      ),
    );
  });
});

test('messages of a few emoji alone are large', () => {
  expect(['😀', '👍🏽❤️', '👨‍👩‍👧', '🇩🇪🇫🇷', 'a😀', '12', '', '😀'.repeat(8)].map(bigEmoji)).toEqual([
    1, 2, 1, 2, 0, 0, 0, 0,
  ]);
});
