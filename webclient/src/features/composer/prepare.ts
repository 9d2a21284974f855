/**
 * Makes files ready for sending, on this device: large photos get smaller and lose what the camera noted in them, and
 * pictures get their size, their blurred colours and a smaller copy for those who only look at the chat.
 */
import { encode } from 'blurhash';
import type { OutgoingFile, OutgoingThumbnail } from '../../model/outgoing';

const longest_px = 2560;
const thumbnail_px = 800;
const quality = 0.85;
const blur_px = 32;
const wait_ms = 10_000;
/** Kept as they are: they move, or they are drawn by rules. */
const kept = new Set(['image/gif', 'image/svg+xml', 'image/apng']);

/** Whether this file can be shown as a picture or film in the chat. */
export function isVisual(file: File): boolean {
  return /^(image\/(jpeg|png|webp|gif|bmp|avif)|video\/(mp4|webm|ogg|quicktime))$/.test(file.type);
}

/** `asFile`: exactly these bytes, to be saved and not looked at. */
export async function prepare(file: File, asFile: boolean): Promise<OutgoingFile> {
  const plain: OutgoingFile = {
    kind: 'file',
    blob: file,
    name: file.name || 'file',
    mimetype: file.type || 'application/octet-stream',
    w: 0,
    h: 0,
    durationMs: 0,
    blurhash: null,
    thumbnail: null,
    waveform: [],
  };
  try {
    if (!asFile && isVisual(file)) {
      return file.type.startsWith('video/') ? await film(plain, file) : await photo(plain, file);
    }
    if (file.type.startsWith('audio/')) {
      return { ...plain, kind: 'audio', durationMs: await soundLength(file) };
    }
  } catch {
    // What this browser cannot read is sent as it is.
  }
  return plain;
}

async function photo(plain: OutgoingFile, file: File): Promise<OutgoingFile> {
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  const scale = Math.min(1, longest_px / Math.max(width, height));
  const size = { w: Math.round(width * scale), h: Math.round(height * scale) };
  let blob: Blob = file;
  if (!kept.has(file.type)) {
    const type = file.type === 'image/jpeg' ? 'image/jpeg' : 'image/webp';
    const drawn = draw(picture, size.w, size.h);
    blob = await toBlob(drawn, type);
  }
  const name =
    blob.type === file.type ? plain.name : plain.name.replace(/\.\w+$/, `.${blob.type.slice('image/'.length)}`);
  const made = await lookOf(picture, width, height);
  picture.close();
  const whole = { ...plain, kind: 'image' as const, blob, name, mimetype: blob.type, ...size, blurhash: made.blurhash };
  return { ...whole, thumbnail: Math.max(size.w, size.h) > thumbnail_px ? made.thumbnail : null };
}

async function film(plain: OutgoingFile, file: File): Promise<OutgoingFile> {
  const url = URL.createObjectURL(file);
  try {
    const video = document.createElement('video');
    video.muted = true;
    video.preload = 'auto';
    video.src = url;
    await once(video, 'loadeddata');
    const { videoWidth: w, videoHeight: h, duration } = video;
    // The very first frame is often black.
    video.currentTime = Math.min(0.2, duration / 2 || 0);
    await once(video, 'seeked');
    const made = await lookOf(video, w, h);
    const durationMs = Number.isFinite(duration) ? duration * 1000 : 0;
    return { ...plain, kind: 'video', w, h, durationMs, blurhash: made.blurhash, thumbnail: made.thumbnail };
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function soundLength(file: File): Promise<number> {
  const url = URL.createObjectURL(file);
  try {
    const audio = new Audio();
    audio.preload = 'metadata';
    audio.src = url;
    await once(audio, 'loadedmetadata');
    return Number.isFinite(audio.duration) ? audio.duration * 1000 : 0;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function lookOf(
  source: CanvasImageSource,
  w: number,
  h: number,
): Promise<{ blurhash: string; thumbnail: OutgoingThumbnail }> {
  const scale = Math.min(1, thumbnail_px / Math.max(w, h));
  const size = { w: Math.max(1, Math.round(w * scale)), h: Math.max(1, Math.round(h * scale)) };
  const drawn = draw(source, size.w, size.h);
  const small = draw(drawn, blur_px, blur_px);
  const pixels = small.getContext('2d')?.getImageData(0, 0, blur_px, blur_px);
  const blurhash = pixels ? encode(pixels.data, blur_px, blur_px, 4, 3) : '';
  return { blurhash, thumbnail: { blob: await toBlob(drawn, 'image/jpeg'), ...size } };
}

function draw(source: CanvasImageSource, w: number, h: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = w;
  canvas.height = h;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('no canvas');
  pen.drawImage(source, 0, 0, w, h);
  return canvas;
}

function toBlob(canvas: HTMLCanvasElement, type: string): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), type, quality),
  );
}

function once(element: HTMLMediaElement, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too slow')), wait_ms);
    const done = (run: () => void) => () => {
      clearTimeout(timer);
      run();
    };
    element.addEventListener(name, done(resolve), { once: true });
    element.addEventListener(
      'error',
      done(() => reject(new Error('not readable'))),
      { once: true },
    );
  });
}
