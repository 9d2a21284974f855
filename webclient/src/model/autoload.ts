/** Which files are fetched without being asked for: by what they are, how large they are, in which chats, over which network. */
import { type Json, object } from './events';

export const loadedKinds = ['photos', 'films', 'sounds', 'files'] as const;
export type LoadedKind = (typeof loadedKinds)[number];

/** `mobile`: paid by what comes over it, as far as the browser can tell. */
export const networks = ['usual', 'mobile'] as const;
export type Network = (typeof networks)[number];

/** The largest file of each kind, bytes; 0: none. */
export type Limits = Readonly<Record<LoadedKind, number>>;

export interface Autoload {
  readonly limits: Readonly<Record<Network, Limits>>;
  /** In which chats. */
  readonly chats: Readonly<Record<'dm' | 'group', boolean>>;
  /** Moving pictures and short films play in their messages. */
  readonly play: boolean;
}

export const anySize = Number.MAX_SAFE_INTEGER;
export const sizes: readonly number[] = [0, 500_000, 1_000_000, 3_000_000, 15_000_000, anySize];
/** What is fetched of a photo is a smaller picture, of about so many bytes at most. */
export const thumbnail_bytes = 150_000;

const usual: Autoload = {
  limits: {
    usual: { photos: anySize, films: 3_000_000, sounds: 1_000_000, files: 0 },
    mobile: { photos: 1_000_000, films: 0, sounds: 0, files: 0 },
  },
  chats: { dm: true, group: true },
  play: true,
};
/** What is stored, as far as it can be understood; the rest is as for everybody. */
export function autoloadFrom(content: Json): Autoload {
  const limits = object(content.limits);
  const size = (value: unknown, otherwise: number) =>
    typeof value === 'number' && sizes.includes(value) ? value : otherwise;
  const of = (name: Network): Limits => {
    const known = object(limits[name]);
    const { photos, films, sounds, files } = usual.limits[name];
    return {
      photos: size(known.photos, photos),
      films: size(known.films, films),
      sounds: size(known.sounds, sounds),
      files: size(known.files, files),
    };
  };
  const chats = object(content.chats);
  return {
    limits: { usual: of('usual'), mobile: of('mobile') },
    chats: { dm: chats.dm !== false, group: chats.group !== false },
    play: content.play !== false,
  };
}

/** Whether a file of `bytes` is fetched by itself, by these wishes. A browser that is to save data fetches small pictures alone. */
export function mayLoad(wishes: Autoload, over: { network: Network; saving: boolean }, file: LoadedFile): boolean {
  if (!wishes.chats[file.chat]) return false;
  const limit = wishes.limits[over.network][file.kind];
  if (over.saving && (file.kind !== 'photos' || file.bytes > thumbnail_bytes)) return false;
  return limit > 0 && file.bytes <= limit;
}

export interface LoadedFile {
  readonly kind: LoadedKind;
  readonly bytes: number;
  readonly chat: 'dm' | 'group';
}
