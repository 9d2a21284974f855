/** What may lie behind the messages: four colours that blend, by day and by night. Ours. */

type Four = readonly [string, string, string, string];

export const wallpapers = {
  meadow: { day: ['#dbddbb', '#6ba587', '#d5d88d', '#88b884'], night: ['#fec496', '#dd6cb9', '#962fbf', '#4f5bd5'] },
  lake: { day: ['#cfe3f2', '#7fb0d6', '#b5d9e8', '#92bfe0'], night: ['#8fd3ff', '#4f8fe0', '#3559b8', '#26b5c9'] },
  peach: { day: ['#fbe3c8', '#f3b48f', '#f6d2a8', '#eaa79a'], night: ['#ffd08a', '#ff9a6b', '#e0584f', '#b4406e'] },
  heather: { day: ['#e4d8f0', '#b49bd6', '#d4c1e8', '#c2a7cf'], night: ['#d7b8ff', '#9d7bea', '#6d4fd0', '#b45fc4'] },
  stone: { day: ['#e3e5e8', '#c9ced4', '#d8dbe0', '#bfc5cc'], night: ['#9aa3ad', '#717b86', '#59626c', '#838d98'] },
} as const satisfies Record<string, { readonly day: Four; readonly night: Four }>;

export type WallpaperName = keyof typeof wallpapers;

export const wallpaperNames = Object.keys(wallpapers) as WallpaperName[];

/** What somebody has chosen: colours by day and by night, and a picture of their own that takes their place. */
export interface WallpaperChoice {
  readonly day: WallpaperName;
  readonly night: WallpaperName;
  /** Its `mxc:` address. */
  readonly image: string | null;
}

export const usualWallpaper: WallpaperChoice = { day: 'meadow', night: 'meadow', image: null };

/** What somebody has chosen for one chat; null: what they have in all. */
export function chatWallpaperFrom(content: Readonly<Record<string, unknown>>): WallpaperChoice | null {
  return ['day', 'night', 'image'].some((part) => typeof content[part] === 'string') ? wallpaperFrom(content) : null;
}

/** A choice as account data holds it: whatever is none of ours is the usual one. */
export function wallpaperFrom(content: Readonly<Record<string, unknown>>): WallpaperChoice {
  const name = (value: unknown): WallpaperName =>
    typeof value === 'string' && Object.hasOwn(wallpapers, value) ? (value as WallpaperName) : 'meadow';
  const { image } = content;
  const isPicture = typeof image === 'string' && image.startsWith('mxc://');
  return { day: name(content.day), night: name(content.night), image: isPicture ? image : null };
}
