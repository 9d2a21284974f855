import { readFileSync } from 'node:fs';
import { FluentResource } from '@fluent/bundle';
import { expect, test } from 'vitest';

const source = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
const english = new FluentResource(`${source('./en.ftl')}\n${source('./en-more.ftl')}`).body;
const russian = new FluentResource(`${source('./ru.ftl')}\n${source('./ru-more.ftl')}`).body;

/** Names of the variables in a text, wherever they stand. */
const variables = (text: unknown): string[] =>
  [
    ...new Set([...JSON.stringify(text).matchAll(/"type":"var","name":"(\w+)"/g)].map((match) => match[1] ?? '')),
  ].sort();

test('every text is there in both languages', () => {
  expect(russian.map((message) => message.id).sort()).toEqual(english.map((message) => message.id).sort());
});

test('both languages speak of the same things', () => {
  const others = new Map(russian.map((message) => [message.id, variables(message)]));
  for (const message of english) expect([message.id, others.get(message.id)]).toEqual([message.id, variables(message)]);
});

test('the typed ids are those of the texts', () => {
  const ids = [...source('./keys.ts').matchAll(/'([^']+)'/g)].map((match) => match[1]);
  expect(ids.sort()).toEqual(english.map((message) => message.id).sort());
});

test('no text is left over: each id is used somewhere, whole or by its beginning', () => {
  const files = import.meta.glob(['../**/*.{ts,tsx}', '!../i18n/keys.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const code = Object.values(files).join('\n');
  const prefixes = [...code.matchAll(/`([a-z]+-)\$\{/g)].map((match) => match[1] ?? '');
  const unused = english
    .map((message) => message.id)
    .filter((id) => !code.includes(`'${id}'`) && !prefixes.some((prefix) => id.startsWith(prefix)));
  expect(unused).toEqual([]);
});
