/** The seven person colours: the same id has the same colour everywhere. */
export const colours = ['red', 'orange', 'violet', 'green', 'cyan', 'blue', 'pink'] as const;
export type Colour = (typeof colours)[number];

/** Colour of a user or room id: FNV-1a, mixed once more so that ids that differ in one letter spread. */
export function colourOf(id: string): Colour {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return colours[((hash ^ (hash >>> 15)) >>> 0) % colours.length] ?? 'red';
}

/** First letters of the first and the last word of a name; the sigil of an address does not count. */
export function initialsOf(name: string): string {
  const words = name
    .replace(/^[@#!]/, '')
    .split(/\s+/)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}
