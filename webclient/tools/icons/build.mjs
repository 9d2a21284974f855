// Builds src/ui/icons.svg, the one sprite of the client, from a checkout or package of Lucide (ISC) and from own/.
// Usage: node tools/icons/build.mjs <folder with the *.svg icons of Lucide>
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const lucide = process.argv[2];
if (!lucide) throw new Error('say where the icons of Lucide are');

const names = readFileSync(join(here, 'lucide.txt'), 'utf8').split(/\s+/).filter(Boolean);

/** The drawing inside one svg file: no wrapper, no comments, one line. */
function shapes(path) {
  const inner = readFileSync(path, 'utf8')
    .replace(/<!--[\s\S]*?-->/g, '')
    .match(/<svg[^>]*>([\s\S]*)<\/svg>/);
  if (!inner) throw new Error(`no drawing in ${path}`);
  return inner[1].replace(/\s+/g, ' ').replace(/> </g, '><').replace(/ \/>/g, '/>').trim();
}

/** Box of an own icon, as written in its svg tag. */
const viewBox = (path) => readFileSync(path, 'utf8').match(/viewBox="([^"]+)"/)[1];

const line = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';
const symbols = names.map(
  (name) => `<symbol id="${name}" viewBox="0 0 24 24" ${line}>${shapes(join(lucide, `${name}.svg`))}</symbol>`,
);
for (const file of readdirSync(join(here, 'own')).sort()) {
  const path = join(here, 'own', file);
  symbols.push(`<symbol id="${file.replace('.svg', '')}" viewBox="${viewBox(path)}">${shapes(path)}</symbol>`);
}
const sprite = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`;
writeFileSync(join(here, '../../src/ui/icons.svg'), sprite);

const all = [...names, ...readdirSync(join(here, 'own')).map((file) => file.replace('.svg', ''))].sort();
const union = all.map((name) => `  | '${name}'`).join('\n');
writeFileSync(
  join(here, '../../src/ui/icon-names.ts'),
  `/** Ids of the symbols in icons.svg; written by tools/icons/build.mjs. */\nexport type IconName =\n${union};\n`,
);
