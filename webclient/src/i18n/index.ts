/** Texts and dates in the language of the person. The page reads every text through `t`. */
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import { createSignal } from 'solid-js';
import english from './en.ftl?raw';
import type { TextId } from './keys';

export type { TextId };
export type Language = 'en' | 'ru';
export const languages: readonly { readonly code: Language; readonly name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'ru', name: 'Русский' },
];

const stored = 'hearth.language';

function bundleOf(code: Language, source: string): FluentBundle {
  const bundle = new FluentBundle(code);
  bundle.addResource(new FluentResource(source));
  return bundle;
}

const fallback = bundleOf('en', english);
const [bundle, setBundle] = createSignal(fallback);
const [language, setLanguageSignal] = createSignal<Language>('en');

export { language };

/** The text `id` in the current language; placeables are isolated so that names cannot turn its direction. */
export function t(id: TextId, args?: Record<string, FluentVariable>): string {
  const current = bundle();
  const own = current.getMessage(id)?.value;
  if (own) return current.formatPattern(own, args ?? null);
  const text = fallback.getMessage(id)?.value;
  return text ? fallback.formatPattern(text, args ?? null) : id;
}

type LoadText = () => Promise<string>;

/** Texts that came later, with the pages that need them: in Russian, how to get them. */
const added: LoadText[] = [];

/** Take in more texts, for all languages: those in English, and how to load them in Russian. */
export async function addTexts(source: string, russian: LoadText): Promise<void> {
  fallback.addResource(new FluentResource(source));
  added.push(russian);
  if (language() === 'ru') {
    bundle().addResource(new FluentResource(await russian()));
  }
}

/** Change the language and keep the choice. Russian is loaded only when it is asked for. */
export async function setLanguage(code: Language): Promise<void> {
  if (code === 'en') {
    setBundle(fallback);
  } else {
    const fresh = bundleOf(code, (await import('./ru.ftl?raw')).default);
    for (const load of added) fresh.addResource(new FluentResource(await load()));
    setBundle(fresh);
  }
  setLanguageSignal(code);
  document.documentElement.lang = code;
  localStorage.setItem(stored, code);
}

/** Take the stored language, else the first one of the browser that we speak, else English. */
export async function startLanguage(): Promise<void> {
  const kept = localStorage.getItem(stored);
  const wanted = kept ? [kept] : navigator.languages.map((tag) => tag.slice(0, 2));
  const known = wanted.find((code) => languages.some((one) => one.code === code));
  await setLanguage(known === 'ru' ? 'ru' : 'en');
}
