/** The tags of HTML, one at a time, in time that is bounded whatever the text is. */
import { decodeEntities } from './entities';

export interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** Longer tags are taken for text, so that no input makes the search for their ends long. */
const TAG_MOST = 2_000;
const NAME_MOST = 30;

/** The tag that begins at `at` and where it ends; null when there is none, or one of unlikely length. */
export function tagAt(source: string, at: number): { tag: Tag; closes: boolean; end: number } | null {
  const closes = source[at + 1] === '/';
  const begin = at + (closes ? 2 : 1);
  let end = begin;
  while (end - begin < NAME_MOST && /[a-zA-Z0-9-]/.test(source[end] ?? '')) {
    end += 1;
  }
  if (!/[a-zA-Z]/.test(source[begin] ?? '')) {
    return null;
  }
  const name = source.slice(begin, end).toLowerCase();
  const rest = end;
  const last = Math.min(source.length, at + TAG_MOST);
  let quote = '';
  for (; end < last; end += 1) {
    const sign = source[end] ?? '';
    if (quote === '' && sign === '<') {
      return null;
    }
    if (quote === '' && sign === '>') {
      return { tag: { name, attributes: attributesOf(source.slice(rest, end)) }, closes, end: end + 1 };
    }
    if (quote === '' ? sign === '"' || sign === "'" : sign === quote) {
      quote = quote === '' ? sign : '';
    }
  }
  return null;
}

function attributesOf(source: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, , double, single, bare] of source.matchAll(
    /([a-zA-Z][\w:-]*)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  )) {
    if (name !== undefined && !found.has(name.toLowerCase())) {
      found.set(name.toLowerCase(), decodeEntities(double ?? single ?? bare ?? ''));
    }
  }
  return found;
}
