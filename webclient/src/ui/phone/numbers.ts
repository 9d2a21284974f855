/** Countries, and phone numbers as they are being typed. Whether a number is one is for the server to say. */
import { table } from './countries';

/** E.164: digits with the dial code. */
const LONGEST = 15;
/** What people put before a number inside their country; Italians dial it from abroad, too. */
const TRUNK = /^0+/;
const KEEPS_ZERO = new Set(['IT', 'SM', 'VA']);

export interface Country {
  readonly iso: string;
  readonly dial: string;
  /** Digits of each group of a mobile number. */
  readonly groups: readonly number[];
  readonly shortest: number;
}

export interface Typed {
  readonly country: Country | undefined;
  /** Digits without the dial code. */
  readonly national: string;
  /** How to show it. */
  readonly text: string;
}

export const countries: readonly Country[] = table.split(' ').map((entry) => {
  const [head = '', groups = '', shortest = ''] = entry.split(':');
  return { iso: head.slice(0, 2), dial: head.slice(2), groups: Array.from(groups, Number), shortest: Number(shortest) };
});

const names = new Map<string, Intl.DisplayNames>();

export function countryName(country: Country, language: string): string {
  const known = names.get(language) ?? new Intl.DisplayNames(language, { type: 'region' });
  names.set(language, known);
  return known.of(country.iso) ?? country.iso;
}

/** A number that is shown to its owner while others may look on: its dial code and its last two digits. */
export function masked(shown: string): string {
  const [dial = '', ...rest] = shown.split(' ');
  const national = rest.join(' ');
  const kept = national.length - 2;
  return [dial, Array.from(national, (sign, at) => (at < kept ? sign.replace(/\d/, '•') : sign)).join('')].join(' ');
}

/** Its flag, as the two letters that fonts draw it for. */
export function flagOf(country: Country): string {
  return String.fromCodePoint(...Array.from(country.iso, (letter) => letter.charCodeAt(0) - 0x41 + 0x1f1e6));
}

/** The country of the first of these languages that tells one. */
export function homeCountry(languages: readonly string[]): Country | undefined {
  for (const tag of languages) {
    const region = new Intl.Locale(tag).maximize().region;
    const found = countries.find((country) => country.iso === region);
    if (found) return found;
  }
  return undefined;
}

/** Those whose name, dial code or two letters fit, by name; an exact code or pair of letters first. */
export function searchCountries(query: string, language: string): Country[] {
  const wanted = query.trim().toLowerCase();
  const digits = wanted.replace(/^\+/, '');
  const isExact = (country: Country) => country.dial === digits || country.iso.toLowerCase() === wanted;
  const fits = (country: Country) =>
    wanted === '' ||
    isExact(country) ||
    (/^\d+$/.test(digits) && country.dial.startsWith(digits)) ||
    (!/\d/.test(wanted) && wordsOf(country, language).some((word) => word.startsWith(wanted)));
  const byName = new Intl.Collator(language);
  return countries
    .filter(fits)
    .sort(
      (a, b) =>
        Number(wanted !== '' && isExact(b)) - Number(wanted !== '' && isExact(a)) ||
        byName.compare(countryName(a, language), countryName(b, language)),
    );
}

function wordsOf(country: Country, language: string): string[] {
  const name = countryName(country, language).toLowerCase();
  return [name, ...name.split(/[\s(-]+/)];
}

/** Understands what is in the field now; `country`: what was chosen so far. */
export function understand(value: string, country: Country | undefined): Typed {
  // What was typed before the dial code belongs after it.
  const [before = '', ...after] = value.split('+');
  const isFull = after.length > 0;
  // A whole number pasted behind a dial code takes its place.
  const last = after.findLast((piece) => /\d/.test(piece)) ?? '';
  const digits = (isFull ? last + before : before).replace(/\D/g, '').slice(0, LONGEST);
  if (!isFull) return inCountry(digits, country);
  const isSame = country !== undefined && digits.startsWith(country.dial);
  const meant = isSame ? country : countries.find((one) => digits.startsWith(one.dial));
  if (!meant) return { country: undefined, national: '', text: `+${digits}` };
  return inCountry(digits.slice(meant.dial.length), meant);
}

/** The number that these words are, if they look like a whole one; without a dial code it is one of `country`. */
export function numberIn(words: string, country: Country | undefined): Typed | undefined {
  if (!/^\s*(\+|00)?[\d\s().\-/]{6,24}$/.test(words)) return undefined;
  const typed = understand(words.trim().replace(/^00/, '+'), country);
  if (!isPlausible(typed) || KEEPS_ZERO.has(typed.country?.iso ?? '')) return isPlausible(typed) ? typed : undefined;
  return inCountry(typed.national.replace(TRUNK, ''), typed.country);
}

/** The digits, in this country. */
export function inCountry(national: string, country: Country | undefined): Typed {
  if (!country) return { country, national, text: national };
  const text = [`+${country.dial}`, ...grouped(national, country)].join(' ');
  return { country, national, text };
}

function grouped(national: string, country: Country): string[] {
  const trunk = KEEPS_ZERO.has(country.iso) ? 0 : (TRUNK.exec(national)?.[0].length ?? 0);
  const parts: string[] = [];
  let from = 0;
  country.groups.forEach((length, index) => {
    const to = from + length + (index === 0 ? trunk : 0);
    parts.push(national.slice(from, to));
    from = to;
  });
  parts.push((parts.pop() ?? '') + national.slice(from));
  return parts.filter((part) => part !== '');
}

/** Whether it is long enough to be sent. */
export function isPlausible({ country, national }: Typed): boolean {
  if (!country) return false;
  const length = KEEPS_ZERO.has(country.iso) ? national.length : national.replace(TRUNK, '').length;
  return length >= country.shortest && length + country.dial.length <= LONGEST;
}
