// Writes src/i18n/keys.ts, the typed ids of all texts, from the texts in English. Run after changing them.
import { readFileSync, writeFileSync } from 'node:fs';

const at = (path) => new URL(path, import.meta.url);
const sources = ['en.ftl', 'en-more.ftl', 'en-pages.ftl'].map((file) =>
  readFileSync(at(`../../src/i18n/${file}`), 'utf8'),
);
const ids = [...sources.join('\n').matchAll(/^([a-z][\w-]*) =/gm)].map((match) => match[1]);
const union = ids.map((id) => `  | '${id}'`).join('\n');
writeFileSync(
  at('../../src/i18n/keys.ts'),
  `/**\n * Ids of all texts, which stay together however many they are: one type, written by tools/i18n/keys.mjs from the texts\n * in English, that no text can be asked for by a wrong name.\n */\nexport type TextId =\n${union};\n`,
);
