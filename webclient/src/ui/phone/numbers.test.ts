import { describe, expect, test } from 'vitest';
import {
  countries,
  flagOf,
  homeCountry,
  inCountry,
  isPlausible,
  masked,
  numberIn,
  searchCountries,
  understand,
} from './numbers';

const of = (iso: string) => countries.find((country) => country.iso === iso);

describe('a number being typed', () => {
  test('selects the country of its dial code, and is grouped', () => {
    const typed = understand('+447400123001', of('DE'));
    expect(typed).toMatchObject({ country: { iso: 'GB' }, national: '7400123001', text: '+44 7400 123001' });
    expect(isPlausible(typed)).toBe(true);
  });

  test('stays with the chosen one of countries that share a code', () => {
    expect(understand('+1 416', of('CA')).country?.iso).toBe('CA');
    expect(understand('+1 416', of('DE')).country?.iso).toBe('US');
  });

  test('may be written as at home', () => {
    expect(understand('07400 123001', of('GB'))).toMatchObject({ national: '07400123001', text: '+44 07400 123001' });
  });

  test('is the one that was pasted behind a dial code', () => {
    expect(understand('+44 +44 7400 123001', of('GB')).text).toBe('+44 7400 123001');
    expect(understand('+44 +49 151 23456789', of('GB'))).toMatchObject({ country: { iso: 'DE' } });
    expect(understand('+44 7400+', of('GB')).text).toBe('+44 7400');
  });

  test('may be begun before the dial code', () => {
    expect(understand('7+44', of('GB'))).toMatchObject({ national: '7', text: '+44 7' });
  });

  test('can be taken away sign by sign', () => {
    let value = '+44 7400 1';
    while (value !== '') {
      const shown = understand(value, of('GB')).text;
      expect(shown.length).toBeLessThanOrEqual(value.length);
      value = shown.slice(0, -1);
    }
  });

  test('is not plausible while it is short, without a country, or too long', () => {
    expect(isPlausible(understand('+44 7400 12300', of('GB')))).toBe(false);
    expect(isPlausible(understand('+44 07400 12300', of('GB')))).toBe(false);
    expect(isPlausible(understand('+0', undefined))).toBe(false);
    expect(isPlausible(inCountry('74001230011234', of('GB')))).toBe(false);
  });
});

describe('words in a field for people', () => {
  test.each([
    ['+44 7400 123456', '+44 7400 123456'],
    ['0044 (7400) 123-456', '+44 7400 123456'],
    ['0171 1234567', '+49 1711 234567'],
  ])('%s is a number', (words, shown) => {
    expect(numberIn(words, of('DE'))?.text).toBe(shown);
  });

  test.each(['Ann', '@ann:example.org', '12', '+44 7400', 'room 7400 123456'])('%s is none', (words) => {
    expect(numberIn(words, of('DE'))).toBeUndefined();
  });
});

describe('countries', () => {
  test('are found by name, dial code and letters', () => {
    expect(searchCountries('Germ', 'en').map((country) => country.iso)).toEqual(['DE']);
    expect(searchCountries('+49', 'en')[0]?.iso).toBe('DE');
    expect(searchCountries('fr', 'en')[0]?.iso).toBe('FR');
    expect(searchCountries('герм', 'ru')[0]?.iso).toBe('DE');
    expect(searchCountries('kingdom', 'en').map((country) => country.iso)).toEqual(['GB']);
  });

  test('are all there without a query, and one is guessed from the languages', () => {
    expect(searchCountries('', 'en').length).toBeGreaterThan(230);
    expect(homeCountry(['en-GB'])?.iso).toBe('GB');
    expect(homeCountry(['ru'])?.iso).toBe('RU');
  });
});

describe('a number that is shown', () => {
  test('keeps its dial code and its last two digits', () => {
    expect(masked('+44 7400 123456')).toBe('+44 •••• ••••56');
    expect(masked('+1 415-555-0100')).toBe('+1 •••-•••-••00');
  });

  test('may stand under the flag of its country', () => {
    expect(flagOf(of('DE') ?? { iso: '', dial: '', groups: [], shortest: 0 })).toBe('🇩🇪');
  });
});
