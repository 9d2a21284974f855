/** The seven person colours: the same id has the same colour everywhere. */
export const colours = ['red', 'orange', 'violet', 'green', 'cyan', 'blue', 'pink'] as const;
export type Colour = (typeof colours)[number];

/** Colour of a user or room id. */
export function colourOf(id: string): Colour {
  let hash = 0;
  for (let at = 0; at < id.length; at += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0;
  return colours[Math.abs(hash) % colours.length] ?? 'red';
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
