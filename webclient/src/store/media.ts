/**
 * Addresses at which the page can show the files of messages. With a service worker in charge it is an address of our
 * own origin; without one (first seconds, plain HTTP, hard reload) the engine fetches the file and it becomes a Blob.
 */
import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js';
import { mxcParts } from '../model/media';
import { setAudioSource } from './audio';
import { useClient } from './context';
import type { Client, Commands } from './contract';

export interface Size {
  readonly w: number;
  readonly h: number;
}

const BLOBS_MOST = 200;
const blobs = new Map<string, Promise<string>>();
const [served, setServed] = createSignal(false);

let started = false;

/** Listen to the service worker; a second call does nothing. */
export function startMedia(client: Client): void {
  const workers = navigator.serviceWorker;
  if (workers === undefined || started) return;
  started = true;
  const look = () => setServed(workers.controller !== null);
  look();
  workers.addEventListener('controllerchange', look);
  workers.addEventListener('message', (event) => {
    if ((event.data as { t?: unknown } | null)?.t !== 'check-token') return;
    const answer = () => event.ports[0]?.postMessage('done');
    void client.commands.checkToken().then(answer, answer);
  });
  workers.startMessages();
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
  const place = `/_media/${encodeURIComponent(parts.server)}/${encodeURIComponent(parts.id)}`;
  return size === null ? place : `${place}?w=${size.w}&h=${size.h}`;
}

function blobUrl(commands: Commands, mxc: string, size: Size | null): Promise<string> {
  const key = `${mxc} ${size?.w ?? ''}`;
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

/** The address of a file or thumbnail as it can be had now; undefined until then, and when there is none. */
export function createMediaUrl(
  mxc: Accessor<string | null>,
  size: Accessor<Size | null>,
): Accessor<string | undefined> {
  const { commands } = useClient();
  const made = createLoaded(
    () => (served() ? null : mxc()),
    (address) => blobUrl(commands, address, size()),
  );
  return () => {
    const address = mxc();
    if (address === null) return undefined;
    return served() ? servedUrl(address, size()) : made();
  };
}

/** The address of a file on this device that is being uploaded; it stays after the upload, while the caller lives. */
export function createLocalUrl(key: Accessor<string | null>): Accessor<string | undefined> {
  const { commands } = useClient();
  return createLoaded(key, async (name) => {
    const blob = await commands.localFile(name);
    return blob === null ? undefined : URL.createObjectURL(shown(blob));
  });
}
