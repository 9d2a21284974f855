import { afterEach, expect, test, vi } from 'vitest';
import { clearKept, keptKind, usedStorage } from './storage';

/** Caches of the browser, in memory: by name, then by address. */
function browser(caches: Record<string, Record<string, Response>>, estimate = { usage: 0, quota: 0 }) {
  const open = async (name: string) => ({
    keys: async () => Object.keys(caches[name] ?? {}).map((path) => new Request(`http://home.test${path}`)),
    match: async (request: Request) => caches[name]?.[new URL(request.url).pathname]?.clone(),
    delete: async (request: Request) => delete caches[name]?.[new URL(request.url).pathname],
  });
  vi.stubGlobal('caches', { open, delete: async (name: string) => delete caches[name] });
  vi.stubGlobal('navigator', { storage: { estimate: async () => estimate } });
  return caches;
}

const answer = (type: string, body: string, more: Record<string, string> = {}) =>
  new Response(body, { headers: { 'Content-Type': type, ...more } });

afterEach(() => void vi.unstubAllGlobals());

test('what is kept is told by kind, and the rest is messages', async () => {
  browser(
    {
      'hearth-media': {
        '/_media/a/1': answer('image/jpeg', 'photo', { 'Content-Length': '100' }),
        '/_media/a/2': answer('video/webm', 'film'),
        '/_media/a/3': answer('application/octet-stream', 'a file'),
      },
      'hearth-shell': { '/': answer('text/html', 'the page', { 'Content-Length': '3', 'Content-Encoding': 'br' }) },
    },
    { usage: 1000, quota: 5000 },
  );
  const used = await usedStorage();
  expect(used.kept).toEqual({ photos: 100, films: 4, sounds: 0, files: 6 });
  expect([used.page, used.messages, used.free]).toEqual([8, 1000 - 118, 4000]);
});

test('one kind is cleared and the others stay, or all of them and never the page', async () => {
  const caches = browser({
    'hearth-media': { '/_media/a/1': answer('image/jpeg', 'photo'), '/_media/a/2': answer('audio/ogg', 'song') },
    'hearth-shell': { '/': answer('text/html', 'the page') },
  });
  await clearKept('photos');
  expect(Object.keys(caches['hearth-media'] ?? {})).toEqual(['/_media/a/2']);
  await clearKept(null);
  expect(Object.keys(caches)).toEqual(['hearth-shell']);
});

test('a browser that keeps nothing says so', async () => {
  vi.stubGlobal('caches', undefined);
  vi.stubGlobal('navigator', {});
  expect(await usedStorage()).toMatchObject({ messages: 0, page: 0, free: 0 });
  await clearKept(null);
});

test.each([
  ['image/png', 'photos'],
  ['video/mp4', 'films'],
  ['application/ogg', 'sounds'],
  ['text/plain', 'files'],
])('%s counts as %s', (type, kind) => expect(keptKind(type)).toBe(kind));
