/**
 * The marks people type (`**bold**`, `__italic__`, `~~strike~~`, `||spoiler||`, `` `code` ``, three backquotes, `> quote`) to the
 * rich form of a message, and back for editing. A mark counts only as a pair with something between.
 */
import type { Written } from './drafting';
import { escapeHtml } from './entities';
import { emoticonOf } from './image-packs';
import { parseRich, plainOf, type Rich } from './rich';

/** Who an `@name` in the text stands for; or which picture (its address) a `:shortcode:`. */
export interface Mention {
  readonly label: string;
  readonly id: string;
}

const PAIRS: readonly (readonly [string, string, string])[] = [
  ['**', '<strong>', '</strong>'],
  ['__', '<em>', '</em>'],
  ['~~', '<del>', '</del>'],
  ['++', '<u>', '</u>'],
  ['||', '<span data-mx-spoiler>', '</span>'],
];

const LINK = /^\[([^\]\n]{1,500})\]\((https?:\/\/[^\s()]{1,1000})\)/;

/** What is sent for a text with marks: the body keeps the marks out, the rich form carries them. */
export function written(source: string, mentions: readonly Mention[] = []): Written {
  const used = mentions.filter((mention) => source.includes(mention.label));
  const html = htmlOf(source, used);
  const users = used.filter((mention) => mention.id.startsWith('@') && mention.id.includes(':')).map((one) => one.id);
  const text = bodyOf(parseRich(html)).trim();
  const isRich = html !== escapeHtml(source).replaceAll('\n', '<br>');
  return {
    text,
    ...(isRich ? { html } : {}),
    ...(users.length > 0 ? { mentions: users } : {}),
    ...(used.some((mention) => mention.id === '@room') ? { mentionsRoom: true } : {}),
  };
}

/** The plain form: without marks, but quotes keep theirs. */
function bodyOf(of: readonly Rich[]): string {
  return of
    .map((node): string => {
      if (node.t === 'quote') {
        return `\n${bodyOf(node.of)
          .split('\n')
          .map((line) => `> ${line}`)
          .join('\n')}\n`;
      }
      return node.t === 'codeblock' ? `\n${node.text}\n` : 'of' in node ? bodyOf(node.of) : plainOf([node]);
    })
    .join('');
}

function htmlOf(source: string, mentions: readonly Mention[]): string {
  let html = '';
  // Blocks of code first: nothing in them is a mark.
  for (const [at, part] of source.split(/```/).entries()) {
    const isLast = at % 2 === 1 && source.split('```').length % 2 === 0 && at === source.split('```').length - 1;
    if (at % 2 === 1 && !isLast) {
      const [, language, code] = /^([\w+#.-]{1,30})?\n?([\s\S]*)$/.exec(part) ?? [];
      const hasLanguage = language !== undefined && part.startsWith(`${language}\n`);
      const classes = hasLanguage ? ` class="language-${escapeHtml(language)}"` : '';
      const body = (hasLanguage ? code : part)?.replace(/^\n|\n$/g, '') ?? '';
      html += `<pre><code${classes}>${escapeHtml(body)}</code></pre>`;
    } else {
      html += linesOf((isLast ? '```' : '') + (at > 0 && !isLast ? part.replace(/^\n/, '') : part), mentions);
    }
  }
  return html;
}

function linesOf(source: string, mentions: readonly Mention[]): string {
  const out: string[] = [];
  let quote: string[] = [];
  const endQuote = () => {
    if (quote.length > 0) {
      out.push(`<blockquote>${quote.join('<br>')}</blockquote>`);
      quote = [];
    }
  };
  for (const line of source.split('\n')) {
    if (/^> ?\S/.test(line)) {
      quote.push(inline(line.replace(/^> ?/, ''), mentions));
    } else {
      endQuote();
      out.push(inline(line, mentions));
    }
  }
  endQuote();
  return out.reduce(
    (all, line, at) => all + (at > 0 && !isBlock(line) && !isBlock(out[at - 1] ?? '') ? '<br>' : '') + line,
    '',
  );
}

function isBlock(line: string): boolean {
  return line.startsWith('<blockquote>');
}

function inline(source: string, mentions: readonly Mention[]): string {
  let html = '';
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const special = code(rest) ?? link(rest, mentions) ?? mention(rest, mentions) ?? pair(rest, mentions);
    if (special === null) {
      const sign = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      html += escapeHtml(sign);
      at += sign.length;
    } else {
      html += special.html;
      at += special.length;
    }
  }
  return html;
}

interface Piece {
  readonly html: string;
  readonly length: number;
}

function code(rest: string): Piece | null {
  const found = /^`([^`\n]+)`/.exec(rest);
  return found === null ? null : { html: `<code>${escapeHtml(found[1] ?? '')}</code>`, length: found[0].length };
}

function link(rest: string, mentions: readonly Mention[]): Piece | null {
  const found = LINK.exec(rest);
  if (found !== null) {
    return {
      html: `<a href="${escapeHtml(found[2] ?? '')}">${inline(found[1] ?? '', mentions)}</a>`,
      length: found[0].length,
    };
  }
  // An address is no place for marks: a_b__c__ stays as it is.
  const address = /^https?:\/\/\S+/.exec(rest);
  return address === null ? null : { html: escapeHtml(address[0]), length: address[0].length };
}

function mention(rest: string, mentions: readonly Mention[]): Piece | null {
  const found = mentions
    .filter((one) => rest.startsWith(one.label))
    .reduce<Mention | null>((best, one) => (best !== null && best.label.length >= one.label.length ? best : one), null);
  if (found === null) {
    return null;
  }
  const label = escapeHtml(found.label);
  const picture = emoticonOf(found.id);
  if (picture !== null) {
    const html = `<img data-mx-emoticon src="${escapeHtml(picture)}" alt="${label}" title="${label}" height="32">`;
    return { html, length: found.label.length };
  }
  const isRoom = found.id === '@room';
  const html = isRoom ? label : `<a href="https://matrix.to/#/${encodeURIComponent(found.id)}">${label}</a>`;
  return { html, length: found.label.length };
}

function pair(rest: string, mentions: readonly Mention[]): Piece | null {
  for (const [mark, open, close] of PAIRS) {
    if (!rest.startsWith(mark)) {
      continue;
    }
    const end = rest.indexOf(mark, mark.length + 1);
    const inside = end < 0 ? '' : rest.slice(mark.length, end);
    if (inside.trim() !== '' && !/^\s|\s$/.test(inside)) {
      return { html: open + inline(inside, mentions) + close, length: end + mark.length };
    }
  }
  return null;
}

/** A rich message as a text with marks, with who is mentioned in it: what the composer shows for an edit. */
export function marksOf(html: string): { readonly text: string; readonly mentions: readonly Mention[] } {
  const mentions: Mention[] = [];
  const text = marked(parseRich(html), mentions).replace(/\n{3,}/g, '\n\n');
  return { text: text.trim(), mentions };
}

function marked(of: readonly Rich[], mentions: Mention[]): string {
  return of.map((node) => markedNode(node, mentions)).join('');
}

function markedNode(node: Rich, mentions: Mention[]): string {
  switch (node.t) {
    case 'text':
      return node.text;
    case 'br':
      return '\n';
    case 'emoticon':
      mentions.push({ label: node.alt, id: node.mxc });
      return node.alt;
    case 'codeblock':
      return `\n\`\`\`${node.language}\n${node.text}\n\`\`\`\n`;
    default:
  }
  const inside = marked(node.of, mentions);
  switch (node.t) {
    case 'b':
      return `**${inside}**`;
    case 'i':
      return `__${inside}__`;
    case 's':
      return `~~${inside}~~`;
    case 'u':
      return `++${inside}++`;
    case 'code':
      return `\`${inside}\``;
    case 'spoiler':
      return `||${inside}||`;
    case 'link':
      return inside === node.href ? inside : `[${inside}](${node.href})`;
    case 'mention':
      mentions.push({ label: inside, id: node.id });
      return inside;
    case 'quote':
      return `\n${inside
        .trim()
        .split('\n')
        .map((line) => `> ${line}`)
        .join('\n')}\n`;
    case 'p':
    case 'h':
    case 'li':
    case 'tr':
      return `${inside}\n`;
    default:
      return inside;
  }
}
