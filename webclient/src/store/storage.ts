/** What of this device the page uses, by kind, and how to use less. */

/** What the service worker keeps, by what it is; each kind can be cleared by itself. */
export const keptKinds = ['photos', 'films', 'sounds', 'files'] as const;
export type KeptKind = (typeof keptKinds)[number];

export interface Used {
  /** Bytes of each kind. */
  readonly kept: Readonly<Record<KeptKind, number>>;
  /** Messages and settings in the database, bytes. */
  readonly messages: number;
  /** The files that the page itself is made of, bytes. */
  readonly page: number;
  /** What the browser lets the page have beside that, bytes. */
  readonly free: number;
}

const MEDIA = 'hearth-media';
const SHELL = 'hearth-shell';
/** So many answers of a cache are looked at together. */
const AT_ONCE = 50;

/** What a file of this type counts as. */
export function keptKind(type: string): KeptKind {
  if (type.startsWith('image/')) return 'photos';
  if (type.startsWith('video/')) return 'films';
  return type.startsWith('audio/') || type === 'application/ogg' ? 'sounds' : 'files';
}

/** How much is used. All 0 in a browser that keeps nothing. */
export async function usedStorage(): Promise<Used> {
  const kept = { photos: 0, films: 0, sounds: 0, files: 0 };
  await eachOf(MEDIA, async (_cache, _request, response) => {
    kept[keptKind(response.headers.get('Content-Type') ?? '')] += await lengthOf(response);
  });
  let page = 0;
  await eachOf(SHELL, async (_cache, _request, response) => {
    page += await lengthOf(response);
  });
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  const usage = estimate?.usage ?? 0;
  const known = Object.values(kept).reduce((sum, bytes) => sum + bytes, page);
  const free = Math.max(0, (estimate?.quota ?? 0) - usage);
  return { kept, messages: Math.max(0, usage - known), page, free };
}

/** Forget the kept files of one kind, or of all. The shell stays: without it nothing would open without a network. */
export async function clearKept(kind: KeptKind | null): Promise<void> {
  if (kind === null) {
    await globalThis.caches?.delete(MEDIA);
    return;
  }
  await eachOf(MEDIA, async (cache, request, response) => {
    if (keptKind(response.headers.get('Content-Type') ?? '') === kind) await cache.delete(request);
  });
}

type Look = (cache: Cache, request: Request, response: Response) => Promise<void>;

async function eachOf(name: string, look: Look): Promise<void> {
  const cache = await globalThis.caches?.open(name).catch(() => undefined);
  const requests = (await cache?.keys()) ?? [];
  for (let at = 0; at < requests.length; at += AT_ONCE) {
    const some = requests.slice(at, at + AT_ONCE).map(async (request) => {
      const response = await cache?.match(request);
      if (cache && response) await look(cache, request, response);
    });
    await Promise.all(some);
  }
}

/** Bytes that an answer takes; what was packed on its way says less than that. */
async function lengthOf(response: Response): Promise<number> {
  const length = Number(response.headers.get('Content-Length') ?? Number.NaN);
  const isPacked = response.headers.has('Content-Encoding');
  return Number.isFinite(length) && !isPacked ? length : (await response.blob()).size;
}
