/**
 * Files of the homeserver at addresses of the page's own origin, `/_media/<server>/<id>[?w=..&h=..]`: the token goes in
 * a header and never into an address. What comes back can be shown and nothing else: it never runs as a page of ours.
 */
/// <reference lib="webworker" />

const PREFIX = '/_media/';
const CACHE = 'hearth-media';
const KEPT_MOST = 600;
const KEPT_BYTES_MOST = 20_000_000;
const TRIM_EVERY = 25;
const ASK_MS = 10_000;
/** What may keep its type: none of these can hold a script. */
const SHOWN = /^(image\/(?!svg)[\w.+-]+|video\/[\w.+-]+|audio\/[\w.+-]+|application\/ogg)$/;

const scope = self as unknown as ServiceWorkerGlobalScope;
let puts = 0;

interface Signed {
  readonly userId: string;
  readonly base: string;
  readonly accessToken: string;
}

/** Whether this request asks for a file of the homeserver; never true when it would open as a page. */
export function isMedia(request: Request, url: URL): boolean {
  return url.pathname.startsWith(PREFIX) && request.mode !== 'navigate';
}

export async function mediaResponse(request: Request, url: URL): Promise<Response> {
  const range = request.headers.get('Range');
  const cache = await caches.open(CACHE);
  const kept = await cache.match(url.href);
  if (kept !== undefined) {
    return range === null ? kept : sliced(kept, range);
  }
  const answer = await ask(url, range, request.signal);
  if (answer.status === 206 && answer.headers.get('Content-Range') === null) {
    // Another origin does not let us read which part it is: cut it out ourselves.
    return sliced(harmless(await ask(url, null, request.signal)), range ?? 'bytes=0-');
  }
  const safe = harmless(answer);
  if (answer.status !== 200) {
    return safe;
  }
  const size = Number(answer.headers.get('Content-Length') ?? Number.NaN);
  if (range === null && size <= KEPT_BYTES_MOST) {
    void keep(cache, url.href, safe.clone()).catch(() => undefined);
  }
  return range === null || range === 'bytes=0-' ? safe : sliced(safe, range);
}

async function ask(url: URL, range: string | null, signal: AbortSignal): Promise<Response> {
  const session = await signedIn();
  if (session === null) {
    return new Response(null, { status: 401 });
  }
  const answer = await fetchFile(session, url, range, signal);
  if (answer.status !== 401) {
    return answer;
  }
  await renewToken();
  const fresh = await signedIn();
  return fresh === null || fresh.accessToken === session.accessToken ? answer : fetchFile(fresh, url, range, signal);
}

async function fetchFile(session: Signed, url: URL, range: string | null, signal: AbortSignal): Promise<Response> {
  const place = url.pathname.slice(PREFIX.length);
  const w = url.searchParams.get('w');
  const tail =
    w === null ? `download/${place}` : `thumbnail/${place}?width=${w}&height=${url.searchParams.get('h')}&method=scale`;
  const init: RequestInit = {
    headers: { Authorization: `Bearer ${session.accessToken}`, ...(range === null ? {} : { Range: range }) },
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    signal,
  };
  const answer = await fetch(`${session.base}/_matrix/client/v1/media/${tail}`, init);
  if (answer.status !== 404 || (await errcode(answer.clone())) !== 'M_UNRECOGNIZED') {
    return answer;
  }
  // A server older than authenticated media.
  return fetch(`${session.base}/_matrix/media/v3/${tail}`, {
    ...init,
    headers: range === null ? {} : { Range: range },
  });
}

async function errcode(answer: Response): Promise<unknown> {
  try {
    return ((await answer.json()) as { errcode?: unknown }).errcode;
  } catch {
    return null;
  }
}

function harmless(answer: Response): Response {
  const type = answer.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const headers = new Headers({
    'Content-Type': SHOWN.test(type) ? type : 'application/octet-stream',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Accept-Ranges': 'bytes',
  });
  for (const name of ['Content-Length', 'Content-Range']) {
    const value = answer.headers.get(name);
    if (value !== null) {
      headers.set(name, value);
    }
  }
  return new Response(answer.body, { status: answer.status, headers });
}

/** The part of a whole file that `range` (`bytes=a-b`) names. */
async function sliced(whole: Response, range: string): Promise<Response> {
  const blob = await whole.blob();
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  const start = from === '' ? Math.max(0, blob.size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? blob.size - 1 : Math.min(Number(to), blob.size - 1);
  const headers = new Headers(whole.headers);
  if (start > end) {
    headers.set('Content-Range', `bytes */${blob.size}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set('Content-Range', `bytes ${start}-${end}/${blob.size}`);
  headers.set('Content-Length', String(end - start + 1));
  return new Response(blob.slice(start, end + 1), { status: 206, headers });
}

async function keep(cache: Cache, address: string, response: Response): Promise<void> {
  await cache.put(address, response);
  puts += 1;
  if (puts % TRIM_EVERY === 0) {
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - KEPT_MOST)).map((key) => cache.delete(key)));
  }
}

/** The session as the engine keeps it; null when nobody is signed in. */
export function signedIn(): Promise<Signed | null> {
  return new Promise((resolve) => {
    const opening = indexedDB.open('hearth');
    // There is no database: do not make an empty one.
    opening.onupgradeneeded = () => opening.transaction?.abort();
    opening.onerror = () => resolve(null);
    opening.onsuccess = () => {
      const db = opening.result;
      try {
        const reading = db.transaction('kv').objectStore('kv').get('session');
        reading.onsuccess = () => resolve((reading.result as Signed | undefined) ?? null);
        reading.onerror = () => resolve(null);
      } catch {
        // Whoever waits for a picture would wait for ever.
        resolve(null);
      }
      db.close();
    };
  });
}

/** The engine alone renews tokens: ask it by way of a page. */
async function renewToken(): Promise<void> {
  const [page] = await scope.clients.matchAll({ type: 'window' });
  if (page === undefined) {
    return;
  }
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    setTimeout(resolve, ASK_MS);
    page.postMessage({ t: 'check-token' }, [port2]);
  });
}
