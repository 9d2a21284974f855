/**
 * Rich text of messages as a tree of our own: only what is on the list gets in, everything else is text or nothing.
 * Views build elements from the tree, so no string of the wire is ever markup. Spec: Client-Server API, m.room.message
 * msgtypes, formatted_body (allowed tags, attributes, schemes, and at most 100 levels).
 */
import { decodeEntities } from './entities';
import { type Tag, tagAt } from './tags';

export type Inline = 'b' | 'i' | 'u' | 's' | 'code' | 'sup' | 'sub' | 'small';
export type Block =
  | 'p'
  | 'quote'
  | 'pre'
  | 'ul'
  | 'ol'
  | 'li'
  | 'h'
  | 'hr'
  | 'table'
  | 'tr'
  | 'td'
  | 'th'
  | 'details'
  | 'summary';

export type Rich =
  | { readonly t: 'text'; readonly text: string }
  | { readonly t: 'br' }
  | { readonly t: Inline | Block; readonly of: readonly Rich[] }
  | { readonly t: 'codeblock'; readonly language: string; readonly text: string }
  | { readonly t: 'spoiler'; readonly reason: string; readonly of: readonly Rich[] }
  | { readonly t: 'link'; readonly href: string; readonly of: readonly Rich[] }
  | { readonly t: 'mention'; readonly id: string; readonly of: readonly Rich[] }
  | { readonly t: 'emoticon'; readonly mxc: string; readonly alt: string };

const DEEPEST = 100;
const LONGEST = 65_536;

const INLINE: Readonly<Record<string, Inline>> = {
  b: 'b',
  strong: 'b',
  i: 'i',
  em: 'i',
  u: 'u',
  ins: 'u',
  s: 's',
  del: 's',
  strike: 's',
  code: 'code',
  tt: 'code',
  sup: 'sup',
  sub: 'sub',
  small: 'small',
};

const BLOCK: Readonly<Record<string, Block>> = {
  p: 'p',
  div: 'p',
  blockquote: 'quote',
  pre: 'pre',
  ul: 'ul',
  ol: 'ol',
  li: 'li',
  h1: 'h',
  h2: 'h',
  h3: 'h',
  h4: 'h',
  h5: 'h',
  h6: 'h',
  table: 'table',
  tr: 'tr',
  td: 'td',
  th: 'th',
  caption: 'p',
  details: 'details',
  summary: 'summary',
};

const VOID = new Set(['br', 'hr', 'img', 'wbr', 'input', 'meta', 'link', 'base', 'area', 'embed', 'source', 'track']);
/** What these hold is no text for people. */
const DROPPED = new Set([
  'script',
  'style',
  'title',
  'mx-reply',
  'noscript',
  'template',
  'iframe',
  'object',
  'textarea',
  'svg',
  'math',
  'head',
  'select',
  'audio',
  'video',
  'canvas',
]);
/** Nothing in these is markup, whatever it looks like. */
const RAW = new Set(['script', 'style', 'title', 'textarea', 'noscript', 'iframe']);
const SCHEMES = /^(https?:\/\/|mailto:|ftp:\/\/|magnet:|matrix:)/i;

interface Open {
  readonly tag: Tag;
  readonly of: Rich[];
}

/** The tree of a `formatted_body`; what is too long is cut. */
export function parseRich(html: string): readonly Rich[] {
  const stack: Open[] = [{ tag: { name: '', attributes: new Map() }, of: [] }];
  const top = () => stack[stack.length - 1] as Open;
  const close = (name: string) => {
    const at = stack.findLastIndex((open) => open.tag.name === name);
    while (at > 0 && stack.length > at) {
      const done = stack.pop() as Open;
      top().of.push(...made(done));
    }
  };
  const source = html.slice(0, LONGEST);
  const lower = source.toLowerCase();
  const lastEnd = source.lastIndexOf('>');
  const text = (words: string) => top().of.push({ t: 'text', text: decodeEntities(words) });
  let at = 0;
  while (at < source.length) {
    const next = source.indexOf('<', at);
    if (next !== at) {
      text(source.slice(at, next < 0 ? source.length : next));
      at = next < 0 ? source.length : next;
      continue;
    }
    if (source.startsWith('<!--', at)) {
      const end = source.indexOf('-->', at + 4);
      at = end < 0 ? source.length : end + 3;
      continue;
    }
    const found = at < lastEnd ? tagAt(source, at) : null;
    if (found === null) {
      text('<');
      at += 1;
      continue;
    }
    at = found.end;
    const { name } = found.tag;
    if (found.closes) {
      close(name);
    } else if (VOID.has(name)) {
      top().of.push(...made({ tag: found.tag, of: [] }));
    } else if (RAW.has(name)) {
      const end = lower.indexOf(`</${name}`, at);
      const after = end < 0 ? -1 : source.indexOf('>', end);
      at = after < 0 ? source.length : after + 1;
    } else if (stack.length <= DEEPEST) {
      if (name === 'li' || name === 'p') {
        closeSibling(stack, name, close);
      }
      stack.push({ tag: found.tag, of: [] });
    }
  }
  while (stack.length > 1) {
    close(top().tag.name);
  }
  return joined(top().of);
}

/** An item or paragraph that was not closed ends where the next one begins. */
function closeSibling(stack: readonly Open[], name: string, close: (name: string) => void): void {
  const at = stack.findLastIndex((open) => open.tag.name === name);
  const list = stack.findLastIndex(
    (open) => open.tag.name === 'ul' || open.tag.name === 'ol' || open.tag.name === 'blockquote',
  );
  if (at > list && at > 0) {
    close(name);
  }
}

function made({ tag, of }: Open): Rich[] {
  const { name, attributes } = tag;
  if (DROPPED.has(name)) {
    return [];
  }
  if (name === 'br') {
    return [{ t: 'br' }];
  }
  if (name === 'hr') {
    return [{ t: 'hr', of: [] }];
  }
  const inside = joined(of);
  if (name === 'img') {
    return image(attributes);
  }
  if (name === 'a') {
    return link(attributes.get('href') ?? '', inside);
  }
  const spoiler = attributes.get('data-mx-spoiler');
  if (name === 'span' && spoiler !== undefined) {
    return [{ t: 'spoiler', reason: spoiler, of: inside }];
  }
  if (name === 'pre') {
    return [codeBlock(of, inside)];
  }
  const kind = INLINE[name] ?? BLOCK[name];
  if (kind === 'code') {
    // Its language is what a block around it wants to know.
    return [Object.assign({ t: kind, of: inside } as const, { language: languageOf(attributes.get('class') ?? '') })];
  }
  return kind === undefined ? [...inside] : [{ t: kind, of: inside }];
}

function languageOf(classes: string): string {
  return /(?:^|\s)language-([\w+#.-]{1,30})/.exec(classes)?.[1] ?? '';
}

function codeBlock(of: readonly Rich[], inside: readonly Rich[]): Rich {
  const code = of.find((node) => node.t === 'code') as { readonly language?: string } | undefined;
  return { t: 'codeblock', language: code?.language ?? '', text: plainOf(inside).replace(/\n$/, '') };
}

function image(attributes: ReadonlyMap<string, string>): Rich[] {
  const mxc = attributes.get('src') ?? '';
  const alt = attributes.get('alt') ?? attributes.get('title') ?? '';
  if (/^mxc:\/\/[A-Za-z0-9.\-:[\]]+\/[A-Za-z0-9_-]+$/.test(mxc)) {
    return [{ t: 'emoticon', mxc, alt }];
  }
  return alt === '' ? [] : [{ t: 'text', text: alt }];
}

function link(href: string, of: readonly Rich[]): Rich[] {
  const id = mentionOf(href);
  if (id !== null) {
    return [{ t: 'mention', id, of }];
  }
  return SCHEMES.test(href) ? [{ t: 'link', href, of }] : [...of];
}

/** The person or room that an address names: `https://matrix.to/#/@ann:example.org`, `matrix:u/ann:example.org`. */
export function mentionOf(href: string): string | null {
  const to = /^https?:\/\/matrix\.to\/#\/([^/?]+)\/?(?:\?.*)?$/.exec(href)?.[1];
  if (to !== undefined) {
    const id = decodeSafely(to);
    return /^[@#!][^\s]+$/.test(id) ? id : null;
  }
  const [, kind, rest] = /^matrix:(u|user|r|room|roomid)\/([^/?]+)(?:\?.*)?$/.exec(href) ?? [];
  if (kind === undefined || rest === undefined) {
    return null;
  }
  const sigil = kind.startsWith('u') ? '@' : kind === 'roomid' ? '!' : '#';
  return sigil + decodeSafely(rest);
}

function decodeSafely(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** Neighbouring texts become one. */
function joined(of: readonly Rich[]): readonly Rich[] {
  const out: Rich[] = [];
  for (const node of of) {
    const last = out[out.length - 1];
    if (node.t === 'text' && last?.t === 'text') {
      out[out.length - 1] = { t: 'text', text: last.text + node.text };
    } else {
      out.push(node);
    }
  }
  return out;
}

/** The words of a tree. */
export function plainOf(of: readonly Rich[]): string {
  return of
    .map((node): string => {
      switch (node.t) {
        case 'text':
        case 'codeblock':
          return node.text;
        case 'br':
          return '\n';
        case 'emoticon':
          return node.alt;
        default:
          return plainOf(node.of);
      }
    })
    .join('');
}
