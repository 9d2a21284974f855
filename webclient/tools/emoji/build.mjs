// Writes src/ui/emoji/signs.txt, en.txt and ru.txt from a checkout or package of emojibase-data (MIT).
// Usage: node tools/emoji/build.mjs <its folder>
// signs.txt: one line for each group, its emoji apart by spaces, `*` after those that have skin tones.
// en.txt, ru.txt: one line for each emoji in the same order, its name and words to find it by, apart by `;`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = process.argv[2];
if (!source) throw new Error('say where emojibase-data is');
const out = fileURLToPath(new URL('../../src/ui/emoji/', import.meta.url));

const read = (language) => JSON.parse(readFileSync(join(source, language, 'compact.json'), 'utf8'));
const english = read('en').filter((one) => one.group !== undefined && one.group !== 2);
// Smileys (0) and people (1) are one group for people who look for a face.
const groupOf = (one) => Math.max(1, one.group);
const sorted = english.sort((a, b) => groupOf(a) - groupOf(b) || a.order - b.order);
const groups = [...new Set(sorted.map(groupOf))];
const sign = (one) => one.unicode + (one.skins?.length === 5 ? '*' : '');
writeFileSync(
  join(out, 'signs.txt'),
  `${groups
    .map((group) =>
      sorted
        .filter((one) => groupOf(one) === group)
        .map(sign)
        .join(' '),
    )
    .join('\n')}\n`,
);
for (const language of ['en', 'ru']) {
  const words = new Map(read(language).map((one) => [one.hexcode, [one.label, ...(one.tags ?? [])]]));
  const lines = sorted.map((one) => [...new Set(words.get(one.hexcode) ?? [])].slice(0, 8).join(';').toLowerCase());
  writeFileSync(join(out, `${language}.txt`), `${lines.join('\n')}\n`);
}
