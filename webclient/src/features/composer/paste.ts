/** What is pasted from pages and documents: its bold, links, lists and quotes as the marks that the composer knows. */

const pairs: Readonly<Record<string, string>> = {
  B: '**',
  STRONG: '**',
  I: '__',
  EM: '__',
  U: '++',
  INS: '++',
  S: '~~',
  STRIKE: '~~',
  DEL: '~~',
  CODE: '`',
};
const blocks = new Set([
  'P',
  'DIV',
  'UL',
  'OL',
  'TABLE',
  'TR',
  'H1',
  'H2',
  'H3',
  'H4',
  'H5',
  'H6',
  'SECTION',
  'ARTICLE',
]);
const unseen = new Set(['SCRIPT', 'STYLE', 'TITLE', 'TEMPLATE', 'HEAD']);

/** Marks go round words, not round the spaces beside them. */
function within(pair: string, inside: string): string {
  const words = inside.trim();
  if (words === '' || words.includes('\n')) return inside;
  const [before = '', after = ''] = inside.split(words);
  return `${before}${pair}${words}${pair}${after}`;
}

function linked(element: Element, inside: string): string {
  const href = element.getAttribute('href') ?? '';
  const isPlain = inside.trim() === '' || inside === href || !/^https?:\/\/[^\s()]+$/.test(href);
  return isPlain || inside.includes('\n') ? inside : `[${inside}](${href})`;
}

function marksIn(node: Node): string {
  // Spaces and line ends of a source are one space; those that hold are written otherwise.
  if (node instanceof Text) return node.data.replace(/[ \t\r\n]+/g, ' ');
  if (!(node instanceof Element) || unseen.has(node.tagName)) return '';
  if (node.tagName === 'BR') return '\n';
  if (node.tagName === 'IMG') return node.getAttribute('alt') ?? '';
  if (node.tagName === 'PRE') return `\n\`\`\`\n${(node.textContent ?? '').replace(/\n$/, '')}\n\`\`\`\n`;
  const inside = [...node.childNodes].map(marksIn).join('');
  if (node.tagName === 'A') return linked(node, inside);
  if (node.tagName === 'BLOCKQUOTE') return `\n${inside.trim().replace(/^/gm, '> ')}\n`;
  if (node.tagName === 'LI') return `\n• ${inside.trim()}`;
  if (blocks.has(node.tagName)) return `\n${inside.trim()}\n`;
  const pair = pairs[node.tagName];
  // Some editors wrap all that they give in a bold that is none.
  const isNone = /font-weight:\s*(normal|400)/.test(node.getAttribute('style') ?? '');
  return pair === undefined || isNone ? inside : within(pair, inside);
}

/** `html` of a clipboard as a text with marks. */
export function marksOfPasted(html: string): string {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  return [...body.childNodes]
    .map(marksIn)
    .join('')
    .replace(/ *\n */g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
