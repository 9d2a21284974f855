/** Files on their way out: what the page hands to the engine, and the contents made of it. */

import type { Words } from './drafting';
import type { Json } from './events';
import type { MediaKind } from './media';

export interface OutgoingThumbnail {
  readonly blob: Blob;
  readonly w: number;
  readonly h: number;
}

/** One file as the page prepared it. Sizes in px, lengths in ms; 0: unknown. */
export interface OutgoingFile {
  readonly kind: Exclude<MediaKind, 'sticker'>;
  readonly blob: Blob;
  readonly name: string;
  readonly mimetype: string;
  readonly w: number;
  readonly h: number;
  readonly durationMs: number;
  readonly blurhash: string | null;
  readonly thumbnail: OutgoingThumbnail | null;
  /** 0 to 1, for voice messages. */
  readonly waveform: readonly number[];
}

const MSGTYPES = { image: 'm.image', video: 'm.video', audio: 'm.audio', voice: 'm.audio', file: 'm.file' } as const;

/** Content of a file's message, without the addresses that the upload gives; `album` null when it stands alone. */
export function fileContent(
  file: OutgoingFile,
  caption: Words | null,
  album: { readonly id: string; readonly index: number; readonly count: number } | null,
): Json {
  const { kind, blob, mimetype, w, h, durationMs, blurhash, thumbnail, waveform } = file;
  const info = {
    mimetype,
    size: blob.size,
    ...(w > 0 && h > 0 ? { w, h } : {}),
    ...(durationMs > 0 ? { duration: Math.round(durationMs) } : {}),
    ...(blurhash === null ? {} : { 'xyz.amorgan.blurhash': blurhash }),
    ...(thumbnail === null
      ? {}
      : {
          thumbnail_info: { mimetype: thumbnail.blob.type, size: thumbnail.blob.size, w: thumbnail.w, h: thumbnail.h },
        }),
  };
  const audio = {
    'org.matrix.msc1767.audio': {
      duration: Math.round(durationMs),
      ...(waveform.length > 0 ? { waveform: waveform.map((value) => Math.round(value * 1024)) } : {}),
    },
    'org.matrix.msc3245.voice': {},
  };
  return {
    msgtype: MSGTYPES[kind],
    ...(caption ?? { body: file.name, 'm.mentions': {} }),
    filename: file.name,
    info,
    ...(kind === 'voice' ? audio : {}),
    ...(album === null ? {} : { 'app.hearth.album': { id: album.id, i: album.index, n: album.count } }),
  };
}

/** `content` with the address of its file, or of the smaller picture. */
export function withAddress(content: Json, into: 'url' | 'thumbnail_url', mxc: string): Json {
  if (into === 'url') {
    return { ...content, url: mxc };
  }
  return { ...content, info: { ...(content.info as Json), thumbnail_url: mxc } };
}
