/** A rough measure of a password, 1 weak to 4 strong: length counts most, kinds of signs a little. */
export type Strength = 1 | 2 | 3 | 4;

const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u];

export function strengthOf(password: string): Strength {
  const distinct = new Set(password).size;
  const variety = kinds.filter((kind) => kind.test(password)).length;
  const score = Math.min(password.length, distinct * 2) + (variety - 1) * 3;
  if (password.length < 8 || score < 12) return 1;
  if (score < 16) return 2;
  return score < 22 ? 3 : 4;
}
