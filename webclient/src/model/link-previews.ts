/** What a linked page says of itself, as the sender put it beside the message or as the server tells it. Spec: MSC4095. */
import { isObject, type Json, list, number, text } from './events';
import { mxcOrNull } from './media';

export const BUNDLE = 'com.beeper.linkpreviews';

export interface PagePreview {
  readonly url: string;
  /** Name of the site, else the host of the address. */
  readonly site: string;
  readonly title: string;
  readonly words: string;
  /** Address of a picture; width and height px, 0 if not told. */
  readonly mxc: string | null;
  readonly w: number;
  readonly h: number;
}

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/;
/** Addresses of people, rooms and messages are links of ours. */
const OURS = /^https?:\/\/matrix\.to\//;
const LONGEST = 500;

/** The first address of a page in a text. */
export function firstLink(words: string): string | null {
  const found = LINK.exec(words)?.[0] ?? null;
  return found === null || OURS.test(found) || hostOf(found) === '' ? null : found;
}

const LINKS_MOST = 5;

/** The first addresses of pages in a text, each once. */
export function linksIn(words: string): string[] {
  const all = words.match(new RegExp(LINK, 'g')) ?? [];
  return [...new Set(all)].filter((url) => firstLink(url) !== null).slice(0, LINKS_MOST);
}

export function hostOf(url: string): string {
  try {
    return new URL(url).hostname.replace(/^www\./, '');
  } catch {
    return '';
  }
}

/** From the answer of the server, or one bundled by a sender; null when it says nothing worth showing. */
export function pagePreview(url: string, og: Json): PagePreview | null {
  const title = line(og['og:title']);
  const words = line(og['og:description']);
  const mxc = mxcOrNull(og['og:image']);
  if (title === '' && words === '' && mxc === null) {
    return null;
  }
  const px = (name: string) => Math.max(0, Math.min(20_000, number(Number(og[name]), 0)));
  const site = line(og['og:site_name']) || hostOf(url);
  return { url, site, title, words, mxc, w: px('og:image:width'), h: px('og:image:height') };
}

/** What the sender put beside the message: `none` when there shall be no preview, null when nothing is said. */
export function bundledPreview(content: Json): PagePreview | 'none' | null {
  const bundle = content[BUNDLE];
  if (!Array.isArray(bundle)) {
    return null;
  }
  for (const one of list(bundle).filter(isObject)) {
    const url = text(one.matched_url) || text(one['og:url']);
    // Only what stands in the message: else a card could lead somewhere else than its words say.
    const preview =
      url !== '' && text(content.body).includes(url) && firstLink(url) !== null ? pagePreview(url, one) : null;
    if (preview !== null) {
      return preview;
    }
  }
  return 'none';
}

/** The field for a message; `link` null when the writer wants no preview. */
export function bundle(link: PagePreview | null): Json {
  if (link === null) {
    return { [BUNDLE]: [] };
  }
  const { url, site, title, words, mxc, w, h } = link;
  const one = {
    matched_url: url,
    'og:url': url,
    'og:site_name': site,
    ...(title === '' ? {} : { 'og:title': title }),
    ...(words === '' ? {} : { 'og:description': words }),
    ...(mxc === null ? {} : { 'og:image': mxc }),
    ...(mxc === null || w === 0 || h === 0 ? {} : { 'og:image:width': w, 'og:image:height': h }),
  };
  return { [BUNDLE]: [one] };
}

function line(value: unknown): string {
  const plain = text(value).replace(/\s+/gu, ' ').trim();
  return plain.length <= LONGEST ? plain : `${Array.from(plain).slice(0, LONGEST).join('')}…`;
}
