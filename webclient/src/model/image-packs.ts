/** Packs of stickers and custom emoji, in the names of the specification and in the older ones. Spec: Image packs. */
import { isObject, type Json, object, text, textOrNull, texts } from './events';
import { mxcOrNull } from './media';

export const PACK = 'm.room.image_pack';
export const PACK_ROOMS = 'm.image_pack.rooms';
/** What clients wrote before: packs of rooms, rooms whose packs are used everywhere, a pack of one's own. */
export const OLD_PACK = 'im.ponies.room_emotes';
export const OLD_PACK_ROOMS = 'im.ponies.emote_rooms';
export const OLD_OWN_PACK = 'im.ponies.user_emotes';

const IMAGES_MOST = 500;
const SHORTCODE = /^[A-Za-z0-9_-]{1,100}$/;

export interface PackImage {
  readonly shortcode: string;
  readonly mxc: string;
  /** What it shows, in words. */
  readonly words: string;
  readonly info: Json;
  readonly sticker: boolean;
  readonly emoticon: boolean;
}

export interface ImagePack {
  /** Names it among all packs. */
  readonly id: string;
  readonly name: string;
  readonly avatar: string | null;
  readonly images: readonly PackImage[];
  /** The room it lies in, with its state key; null for one of my own. */
  readonly place: { readonly roomId: string; readonly stateKey: string } | null;
  /** I use it in all rooms. */
  readonly everywhere: boolean;
}

type Where = Pick<ImagePack, 'id' | 'place' | 'everywhere'> & { readonly name: string };

/** `name`: where the pack has none of its own. null when it holds no picture. */
export function imagePack(content: Json, { name, ...where }: Where): ImagePack | null {
  const pack = object(content.pack);
  const usage = texts(pack.usage);
  const images = Object.entries(object(content.images))
    .slice(0, IMAGES_MOST)
    .flatMap(([shortcode, value]): PackImage[] => {
      const image = object(value);
      const mxc = mxcOrNull(image.url);
      const own = texts(image.usage);
      const uses = own.length > 0 ? own : usage;
      const isFor = (use: string) => uses.length === 0 || uses.includes(use);
      const words = text(image.body).trim() || shortcode;
      const kinds = { sticker: isFor('sticker'), emoticon: isFor('emoticon') };
      return mxc === null ? [] : [{ shortcode, mxc, words, info: object(image.info), ...kinds }];
    });
  const avatar = mxcOrNull(pack.avatar_url) ?? images[0]?.mxc ?? null;
  return images.length === 0 ? null : { ...where, name: text(pack.display_name).trim() || name, avatar, images };
}

/** Packs of rooms that are used everywhere, in their order. */
export function packRooms(content: Json): { readonly roomId: string; readonly stateKey: string }[] {
  return Object.entries(object(content.rooms)).flatMap(([roomId, keys]) =>
    roomId.startsWith('!') ? Object.keys(object(keys)).map((stateKey) => ({ roomId, stateKey })) : [],
  );
}

/** `content` with one pack more or less among those that are used everywhere. */
export function withPackRoom(content: Json, roomId: string, stateKey: string, used: boolean): Json {
  const rooms = object(content.rooms);
  const { [stateKey]: _gone, ...others } = object(rooms[roomId]);
  const keys = used ? { ...others, [stateKey]: {} } : others;
  const { [roomId]: _room, ...rest } = rooms;
  return { ...content, rooms: Object.keys(keys).length === 0 ? rest : { ...rest, [roomId]: keys } };
}

/** The content of a pack with these pictures; what else it held stays. */
export function packContent(before: Json, name: string, images: readonly PackImage[]): Json {
  const known = object(before.images);
  const entries = images.map(({ shortcode, mxc, words, info }) => {
    const same = Object.values(known)
      .filter(isObject)
      .find((image) => image.url === mxc);
    return [shortcode, { ...same, url: mxc, body: words, info }] as const;
  });
  return { ...before, images: Object.fromEntries(entries), pack: { ...object(before.pack), display_name: name } };
}

/** A shortcode made of the name of a file, that is not taken. */
export function shortcodeFrom(fileName: string, taken: readonly string[]): string {
  const plain = fileName
    .replace(/\.[A-Za-z0-9]+$/, '')
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60);
  const base = plain === '' ? 'picture' : plain;
  let code = base;
  for (let number = 2; taken.includes(code); number += 1) {
    code = `${base}_${number}`;
  }
  return code;
}

export const isShortcode = (code: string): boolean => SHORTCODE.test(code);

/** What is sent for a picture as a sticker. */
export function stickerContent(image: PackImage): Json {
  return { body: image.words, url: image.mxc, info: image.info };
}

/** A custom emoji as it stands in a text: `:shortcode:`. */
export const emoticonLabel = (image: PackImage): string => `:${image.shortcode}:`;

/** The address of a picture in a mention's place; null when it stands for somebody. */
export const emoticonOf = (id: string): string | null => (id.startsWith('mxc://') ? mxcOrNull(textOrNull(id)) : null);
