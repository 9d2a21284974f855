/** The service worker: keeps the page's own files, so that it opens at once and without a network, and fetches media. */
/// <reference lib="webworker" />
import { isMedia, mediaResponse } from './media';
import { open, renew, show } from './push';

const SHELL = 'hearth-shell';
const scope = self as unknown as ServiceWorkerGlobalScope;

scope.addEventListener('install', (event) => {
  event.waitUntil(keepShell().then(() => scope.skipWaiting()));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(scope.clients.claim());
});

scope.addEventListener('message', (event) => {
  if ((event.data as { t?: unknown } | null)?.t === 'keep-rest') {
    event.waitUntil(keepRest());
  }
});

scope.addEventListener('push', (event) => {
  event.waitUntil(show(event.data));
});

scope.addEventListener('pushsubscriptionchange', (event) => {
  const change = event as ExtendableEvent & {
    readonly oldSubscription?: PushSubscription | null;
    readonly newSubscription?: PushSubscription | null;
  };
  change.waitUntil(renew(change.oldSubscription ?? null, change.newSubscription ?? null));
});

scope.addEventListener('notificationclick', (event) => {
  event.waitUntil(open(event.notification));
});

scope.addEventListener('fetch', (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.location.origin) {
    return;
  }
  if (isMedia(request, url)) {
    event.respondWith(mediaResponse(request, url));
  } else if (request.mode === 'navigate') {
    event.respondWith(freshPage(request));
  } else if (url.pathname.startsWith('/assets/')) {
    event.respondWith(keptAsset(request));
  }
});

/** The page and the files it names, before the first visit ends; what it loads later is kept as it comes. */
async function keepShell(): Promise<void> {
  const cache = await caches.open(SHELL);
  const response = await fetch('/', { cache: 'no-cache' });
  if (response.ok) {
    await cache.put('/', response.clone());
    await cache.addAll(assetsIn(await response.text()));
  }
}

/** All other files of the build, so that no part of the page is missing without a network; asked for by the page. */
async function keepRest(): Promise<void> {
  try {
    const cache = await caches.open(SHELL);
    const answer = await fetch('/assets.json', { cache: 'no-cache' });
    const listed: unknown = answer.ok ? await answer.json() : [];
    const kept = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
    for (const path of Array.isArray(listed) ? listed : []) {
      if (typeof path === 'string' && path.startsWith('/assets/') && !kept.has(path)) {
        // One that cannot be had keeps none of the others away.
        await cache.add(path).catch(() => undefined);
      }
    }
  } catch {
    // Without a network: the next visit goes on.
  }
}

function assetsIn(html: string): string[] {
  return [...html.matchAll(/\/assets\/[^"']+/g)].map(([path]) => path);
}

/** The page from the server; without a network the one that was kept. */
async function freshPage(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  try {
    const response = await fetch(request);
    if (response.ok && (await keep(cache, '/', response.clone()))) {
      await dropOldAssets(cache, await response.clone().text());
    }
    return response;
  } catch (error) {
    const kept = await cache.match('/');
    if (kept === undefined) {
      throw error;
    }
    return kept;
  }
}

/** Whether there was space for it: a full disk keeps nobody from what came. */
async function keep(cache: Cache, request: RequestInfo, response: Response): Promise<boolean> {
  try {
    await cache.put(request, response);
    return true;
  } catch {
    return false;
  }
}

/** Files with a hash in their name never change. */
async function keptAsset(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept !== undefined) {
    return kept;
  }
  const response = await fetch(request);
  if (response.ok) {
    await keep(cache, request, response.clone());
  }
  return response;
}

/** When the page names other entry files than before, a new version is out: what belongs to the old one goes. */
async function dropOldAssets(cache: Cache, html: string): Promise<void> {
  const keys = await cache.keys();
  const kept = keys.map((request) => new URL(request.url).pathname).filter((path) => path.startsWith('/assets/'));
  const entries = assetsIn(html);
  if (kept.length > 0 && !entries.some((path) => kept.includes(path))) {
    await Promise.all(kept.map((path) => cache.delete(path)));
  }
}
