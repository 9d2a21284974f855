/** What a message says of its file: read from untrusted content once, so that views get plain, bounded values. */
import { type Json, list, number, object, text, textOrNull } from './events';

export type MediaKind = 'image' | 'video' | 'audio' | 'voice' | 'file' | 'sticker';

export interface Media {
  readonly kind: MediaKind;
  /** Address of the file; null while it is being uploaded, or when it is encrypted or missing. */
  readonly mxc: string | null;
  /** Address of a smaller picture made by the sender. */
  readonly thumbnail: string | null;
  readonly name: string;
  /** Words beside the file; '' if there are none. */
  readonly caption: string;
  readonly mimetype: string;
  readonly size: number;
  /** Width and height, px; 0 if not told. */
  readonly w: number;
  readonly h: number;
  readonly durationMs: number;
  readonly blurhash: string | null;
  /** Loudness over time, 0 to 1; empty if not told. */
  readonly waveform: readonly number[];
}

/** The place of a file among those that were sent together. */
export interface AlbumPlace {
  readonly id: string;
  readonly index: number;
}

const KINDS: Readonly<Record<string, MediaKind>> = {
  'm.image': 'image',
  'm.video': 'video',
  'm.audio': 'audio',
  'm.file': 'file',
};

const LARGEST_SIDE = 20_000;
const BARS_MOST = 120;
const LOUDEST = 1024;

/** The file of a message, null when it has none. */
export function mediaOf(type: string, content: Json): Media | null {
  const kind = type === 'm.sticker' ? 'sticker' : KINDS[text(content.msgtype)];
  if (kind === undefined) {
    return null;
  }
  const info = object(content.info);
  const body = text(content.body);
  const filename = text(content.filename);
  const audio = object(content['org.matrix.msc1767.audio']);
  const isVoice = kind === 'audio' && content['org.matrix.msc3245.voice'] !== undefined;
  return {
    kind: isVoice ? 'voice' : kind,
    mxc: mxcOrNull(content.url),
    thumbnail: mxcOrNull(info.thumbnail_url),
    name: filename === '' ? body : filename,
    caption: filename === '' || filename === body || kind === 'sticker' ? '' : body,
    mimetype: text(info.mimetype),
    size: Math.max(0, number(info.size, 0)),
    w: side(info.w),
    h: side(info.h),
    durationMs: Math.max(0, number(info.duration, number(audio.duration, 0))),
    blurhash: textOrNull(info['xyz.amorgan.blurhash']) ?? textOrNull(info.blurhash),
    waveform: list(audio.waveform)
      .slice(0, BARS_MOST)
      .map((value) => Math.min(1, Math.max(0, number(value, 0) / LOUDEST))),
  };
}

/** Which album a message belongs to. Ours: others show the files one by one. */
export function albumOf(content: Json): AlbumPlace | null {
  const album = object(content['app.hearth.album']);
  const id = textOrNull(album.id);
  return id === null ? null : { id, index: number(album.i, 0) };
}

/** `mxc://server/id`, or null for what is not an address of a file. */
export function mxcOrNull(value: unknown): string | null {
  return typeof value === 'string' && mxcParts(value) !== null ? value : null;
}

/** Server and id of an address. Spec: Client-Server API, Matrix Content (`mxc://`) URIs. */
export function mxcParts(mxc: string): { readonly server: string; readonly id: string } | null {
  const found = /^mxc:\/\/([A-Za-z0-9.\-:[\]]{1,255})\/([A-Za-z0-9_-]{1,255})$/.exec(mxc);
  return found?.[1] === undefined || found[2] === undefined ? null : { server: found[1], id: found[2] };
}

/** `3:07`, or `1:02:03`, for a length in ms. */
export function clockLength(ms: number): string {
  const whole = Math.floor(ms / 1000);
  const seconds = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** The end of a file's name, in capitals, at most four signs; '' if there is none. */
export function extensionOf(name: string): string {
  const found = /\.([A-Za-z0-9]{1,4})$/.exec(name);
  return (found?.[1] ?? '').toUpperCase();
}

/** How large to show something of `w` x `h` px inside `most`; keeps the ratio, never below 100 px, never enlarged. */
export function fitted(w: number, h: number, most: { readonly w: number; readonly h: number }) {
  if (w <= 0 || h <= 0) {
    return { w: Math.min(most.w, 320), h: Math.min(most.h, 240) };
  }
  const scale = Math.min(1, most.w / w, most.h / h);
  return { w: Math.max(100, Math.round(w * scale)), h: Math.max(100, Math.min(most.h, Math.round(h * scale))) };
}

function side(value: unknown): number {
  const px = number(value, 0);
  return px > 0 && px <= LARGEST_SIDE ? Math.round(px) : 0;
}
