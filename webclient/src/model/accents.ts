/** The colours that what is chosen, linked or counted can have: by day and by night. Ours. */

export const accents = {
  blue: { day: '#2b7fd4', night: '#62a9e6' },
  cyan: { day: '#1f8aa6', night: '#55bdd8' },
  green: { day: '#2e8f48', night: '#66c07a' },
  orange: { day: '#c8661a', night: '#eda05c' },
  red: { day: '#cb4640', night: '#ee8079' },
  pink: { day: '#c2477f', night: '#e886ae' },
  violet: { day: '#7d57c9', night: '#a58df0' },
} as const satisfies Record<string, { readonly day: string; readonly night: string }>;

/** `theme`: the one that each theme has of itself. */
export type Accent = keyof typeof accents | 'theme';

export const accentNames = Object.keys(accents) as (keyof typeof accents)[];

/** A colour as account data, or this device, holds it: whatever is none of ours is that of the theme. */
export function accentFrom(value: unknown): Accent {
  return typeof value === 'string' && Object.hasOwn(accents, value) ? (value as Accent) : 'theme';
}
