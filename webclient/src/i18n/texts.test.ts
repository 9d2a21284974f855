import { readFileSync } from 'node:fs';
import { FluentResource } from '@fluent/bundle';
import { expect, test } from 'vitest';

const source = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
const english = new FluentResource(['./en.ftl', './en-more.ftl', './en-pages.ftl'].map(source).join('\n')).body;
const russian = new FluentResource(['./ru.ftl', './ru-more.ftl', './ru-pages.ftl'].map(source).join('\n')).body;

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

test('what is there when the chats have opened finds its texts', () => {
  const code = withImports(['/src/app/main.tsx', '/src/app/columns.tsx']).join('\n');
  const prefixes = [...code.matchAll(/\bt\(`([a-z]+-)\$\{/g)].map((match) => match[1] ?? '');
  const later = new FluentResource(source('./en-pages.ftl')).body.map((message) => message.id);
  const needed = later.filter((id) => code.includes(`'${id}'`) || prefixes.some((prefix) => id.startsWith(prefix)));
  expect(needed).toEqual([]);
});

/** The code of these files, and of all that they import; not of what they load later. */
function withImports(roots: readonly string[]): string[] {
  const found = import.meta.glob('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true });
  const code = new Map(
    Object.entries(found).map(([name, text]) => [new URL(name, 'file:///src/i18n/').pathname, String(text)]),
  );
  code.delete('/src/i18n/keys.ts');
  const imports = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?['"](\.[^'"?]+)['"]/gm;
  const seen = new Set<string>();
  const visit = (file: string) => {
    const text = code.get(file);
    if (text === undefined || seen.has(file)) return;
    seen.add(file);
    for (const [, name = ''] of text.matchAll(imports)) {
      const path = new URL(name, `file://${file}`).pathname;
      for (const ending of ['.ts', '.tsx', '/index.ts']) visit(`${path}${ending}`);
    }
  };
  for (const root of roots) visit(root);
  return [...seen].map((file) => code.get(file) ?? '');
}
