/** The emoji by groups, with the words by which they are found. Written by tools/emoji/build.mjs. */
import { language } from '../../i18n';
import signs from './signs.txt?raw';

export interface Emoji {
  readonly sign: string;
  readonly tones: boolean;
  /** Name, then other words; '' until the words are loaded. */
  readonly words: string;
}

const groupIds = ['people', 'nature', 'food', 'travel', 'activities', 'objects', 'symbols', 'flags'] as const;

export type GroupId = (typeof groupIds)[number];

export interface EmojiGroup {
  readonly id: GroupId;
  readonly emoji: readonly Emoji[];
}

let loaded: { readonly language: string; readonly groups: Promise<readonly EmojiGroup[]> } | undefined;

/** All groups, with words in the language of the person and in English. */
export function emojiGroups(): Promise<readonly EmojiGroup[]> {
  if (loaded?.language !== language()) loaded = { language: language(), groups: load(language() === 'ru') };
  return loaded.groups;
}

async function load(withRussian: boolean): Promise<readonly EmojiGroup[]> {
  const english = (await import('./en.txt?raw')).default.split('\n');
  const russian = withRussian ? (await import('./ru.txt?raw')).default.split('\n') : [];
  let at = 0;
  return signs
    .trimEnd()
    .split('\n')
    .map((line, group) => ({
      id: groupIds[group] ?? 'symbols',
      emoji: line.split(' ').map((one) => {
        const words = [russian[at], english[at]].filter(Boolean).join(';');
        at += 1;
        return { sign: one.replace('*', ''), tones: one.endsWith('*'), words };
      }),
    }));
}

/** Emoji one of whose words begins with each word of `query`; those whose name does come first. */
export function findEmoji(groups: readonly EmojiGroup[], query: string, most: number): Emoji[] {
  const wanted = query.toLowerCase().replaceAll('_', ' ').split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const fits = (words: readonly string[]) => wanted.every((want) => words.some((word) => word.startsWith(want)));
  const all = groups.flatMap((group) => group.emoji);
  const named = all.filter((one) => fits((one.words.split(';', 1)[0] ?? '').split(' ')));
  const known = new Set(named);
  const others = all.filter((one) => !known.has(one) && fits(one.words.split(/[; ]/)));
  return [...named, ...others].slice(0, most);
}

const tones = ['', '\u{1f3fb}', '\u{1f3fc}', '\u{1f3fd}', '\u{1f3fe}', '\u{1f3ff}'] as const;

/** The emoji in all tones of skin, the plain one first. */
export function inTones(sign: string): string[] {
  const [first = '', ...rest] = Array.from(sign);
  return tones.map((tone) => first + tone + rest.filter((one, at) => at > 0 || one !== '\ufe0f').join(''));
}
