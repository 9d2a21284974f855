// Writes src/i18n/keys.ts, the typed ids of all texts, from en.ftl. Run after changing en.ftl.
import { readFileSync, writeFileSync } from 'node:fs';

const at = (path) => new URL(path, import.meta.url);
const ids = [...readFileSync(at('../../src/i18n/en.ftl'), 'utf8').matchAll(/^([a-z][\w-]*) =/gm)].map(
  (match) => match[1],
);
const union = ids.map((id) => `  | '${id}'`).join('\n');
writeFileSync(
  at('../../src/i18n/keys.ts'),
  `/** Ids of all texts; written by tools/i18n/keys.mjs from en.ftl. */\nexport type TextId =\n${union};\n`,
);
