/**
 * Addresses at which the page can show the files of messages. With a service worker in charge it is an address of our
 * own origin; without one (first seconds, plain HTTP, hard reload) the engine fetches the file and it becomes a Blob.
 */
import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js';
import { mxcParts } from '../model/media';
import { setAudioSource } from './audio';
import { useClient } from './context';
import type { Client, Commands } from './contract';
import { errorInfo } from './errors';
import { failedAt, troubleOf, tryAgain, tryAllAgain } from './troubles';

export interface Size {
  readonly w: number;
  readonly h: number;
}

const PREFIX = '/_media/';
const ASK_MS = 10_000;
const BLOBS_MOST = 200;
const blobs = new Map<string, Promise<string>>();
const [controlled, setControlled] = createSignal(false);
const [kept, setKept] = createSignal(true);

/** Whether a service worker gives the files; it cannot where the browser keeps nothing, not even the token. */
const served = () => controlled() && kept();

let started = false;

/** Listen to the service worker, to pictures that fail, and to the connection; called inside of components. */
export function startMedia(client: Client): void {
  const isLive = () => client.state.connection.status === 'live';
  createEffect(on(isLive, (live) => live && tryAllAgain(), { defer: true }));
  createEffect(() => setKept(client.state.connection.memory !== true));
  if (started) return;
  started = true;
  // Such events do not bubble, but they can be caught on their way down: one place for all pictures of the page.
  document.addEventListener('error', pictureFailed, { capture: true });
  const workers = navigator.serviceWorker;
  if (workers === undefined) return;
  const look = () => setControlled(workers.controller !== null);
  look();
  workers.addEventListener('controllerchange', look);
  workers.addEventListener('message', (event) => {
    if ((event.data as { t?: unknown } | null)?.t !== 'check-token') return;
    const answer = () => event.ports[0]?.postMessage('done');
    void client.commands.checkToken().then(answer, answer);
  });
  workers.startMessages();
}

function pictureFailed(event: Event): void {
  if (!(event.target instanceof HTMLImageElement)) return;
  const url = new URL(event.target.src, location.href);
  if (url.origin !== location.origin || !url.pathname.startsWith(PREFIX)) return;
  url.searchParams.delete('again');
  const place = url.pathname + url.search;
  void failedAt(place, async () => {
    const answer = await fetch(place, { signal: AbortSignal.timeout(ASK_MS) });
    void answer.body?.cancel();
    return answer.status;
  });
}

/** Tell the player of sounds how to get at files. */
export function startAudio({ commands }: Client): void {
  let made: string | undefined;
  setAudioSource(async (mxc) => {
    if (served()) return servedUrl(mxc, null);
    if (made) URL.revokeObjectURL(made);
    made = URL.createObjectURL(shown(await commands.loadMedia(mxc, null)));
    return made;
  });
}

/** Whether a service worker gives the files. */
export const mediaServed = served;

/** The address of a file (`size` null) or of a thumbnail, below our own origin. */
export function servedUrl(mxc: string, size: Size | null): string | undefined {
  const parts = mxcParts(mxc);
  if (parts === null) return undefined;
  const place = `${PREFIX}${encodeURIComponent(parts.server)}/${encodeURIComponent(parts.id)}`;
  return size === null ? place : `${place}?w=${size.w}&h=${size.h}`;
}

const blobKey = (mxc: string, size: Size | null) => `${mxc} ${size?.w ?? ''}`;

function blobUrl(commands: Commands, mxc: string, size: Size | null): Promise<string> {
  const key = blobKey(mxc, size);
  const known = blobs.get(key);
  if (known) return known;
  const made = commands.loadMedia(mxc, size).then((blob) => URL.createObjectURL(shown(blob)));
  blobs.set(key, made);
  made.catch(() => blobs.delete(key));
  const oldest = blobs.size > BLOBS_MOST ? blobs.entries().next().value : undefined;
  if (oldest) {
    blobs.delete(oldest[0]);
    void oldest[1].then((url) => URL.revokeObjectURL(url)).catch(() => undefined);
  }
  return made;
}

/** A Blob address lies in our origin: only what can hold no script keeps its type. */
function shown(blob: Blob): Blob {
  const harmless = /^(image\/(?!svg)|video\/|audio\/)/.test(blob.type);
  return harmless ? blob : new Blob([blob], { type: 'application/octet-stream' });
}

/** What `load` gives for the newest `key`; undefined while it loads, when it fails, and for null. */
function createLoaded(key: Accessor<string | null>, load: (key: string) => Promise<string | undefined>) {
  const [value, setValue] = createSignal<string>();
  createEffect(() => {
    const now = key();
    let over = false;
    onCleanup(() => {
      over = true;
    });
    if (now === null) return;
    const take = (made: string | undefined) => {
      if (!over) setValue(made);
    };
    void load(now).then(take, () => take(undefined));
  });
  return value;
}

/** A file or thumbnail, as it can be shown. */
export interface ShownMedia {
  /** Its address as it can be had now; undefined until then, while it is in trouble, and when there is none. */
  readonly url: Accessor<string | undefined>;
  /** Why it is not asked for any more: `failed` until somebody taps, `gone` for good. */
  readonly trouble: Accessor<'failed' | 'gone' | null>;
  /** What came from `url` cannot be shown. */
  readonly failed: () => void;
  /** Asks for it once more. */
  readonly again: () => void;
}

export function createMedia(mxc: Accessor<string | null>, size: Accessor<Size | null>): ShownMedia {
  const { commands } = useClient();
  const place = () => {
    const address = mxc();
    return address === null ? undefined : servedUrl(address, size());
  };
  /** Null when it is not to be asked for now, else how often it was asked for again. */
  const turn = () => {
    const at = place();
    const known = at === undefined ? undefined : troubleOf(at);
    return known === undefined || known.state === 'again' ? (known?.turn ?? 0) : null;
  };
  const made = createLoaded(
    () => (served() || turn() === null ? null : mxc()),
    (address) => {
      const at = place();
      const making = blobUrl(commands, address, size());
      making.catch((error: unknown) => {
        const { errcode, status } = errorInfo(error);
        if (at !== undefined) void failedAt(at, async () => (errcode === 'M_NOT_FOUND' ? 404 : status));
      });
      return making;
    },
  );
  const url = () => {
    const at = place();
    const now = turn();
    if (at === undefined || now === null) return undefined;
    if (!served()) return made();
    return now === 0 ? at : `${at}${at.includes('?') ? '&' : '?'}again=${now}`;
  };
  const trouble = () => {
    const at = place();
    const state = at === undefined ? undefined : troubleOf(at)?.state;
    if (state === 'gone') return 'gone';
    return state === 'failed' || state === 'refused' ? 'failed' : null;
  };
  const failed = () => {
    const [at, address] = [place(), mxc()];
    if (at === undefined || address === null) return;
    blobs.delete(blobKey(address, size()));
    // The bytes are here, and are no picture.
    void failedAt(at, async () => 200);
  };
  const again = () => {
    const at = place();
    if (at !== undefined) tryAgain(at);
  };
  return { url, trouble, failed, again };
}

/** The address of a file or thumbnail as it can be had now; undefined until then, and when there is none. */
export function createMediaUrl(
  mxc: Accessor<string | null>,
  size: Accessor<Size | null>,
): Accessor<string | undefined> {
  return createMedia(mxc, size).url;
}

/** The address of a file on this device that is being uploaded; it stays after the upload, while the caller lives. */
export function createLocalUrl(key: Accessor<string | null>): Accessor<string | undefined> {
  const { commands } = useClient();
  return createLoaded(key, async (name) => {
    const blob = await commands.localFile(name);
    return blob === null ? undefined : URL.createObjectURL(shown(blob));
  });
}
