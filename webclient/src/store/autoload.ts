/** Which files are fetched without being asked for. Kept on this device, since it is about its networks. */
import { createSignal } from 'solid-js';
import { createStore } from 'solid-js/store';
import { type Autoload, autoloadFrom, type LoadedFile, mayLoad, type Network } from '../model/autoload';
import { isObject, type Json } from '../model/events';
import { mediaServed, servedUrl } from './media';

/** The service worker keeps nothing that is larger: to fetch it early would be to fetch it twice. */
const early_most_bytes = 20_000_000;
const stored = 'hearth.autoload';

const [autoload, setAutoloadSignal] = createSignal(autoloadFrom(parsed(localStorage.getItem(stored))));
const [network, setNetwork] = createSignal(networkNow());
const [asked, setAsked] = createStore<Record<string, true | undefined>>({});

export { autoload };

connection()?.addEventListener?.('change', () => setNetwork(networkNow()));

export function setAutoload(next: Autoload): void {
  setAutoloadSignal(next);
  localStorage.setItem(stored, JSON.stringify(next));
}

/** The same by the wishes and the network of now. */
export const loadsByItself = (file: LoadedFile): boolean => mayLoad(autoload(), network(), file);

/** Whether moving pictures move without being asked. */
export const playsByItself = (): boolean => autoload().play && !network().saving;

/** A file that was held back and then asked for stays asked for. */
export const wasAsked = (mxc: string): boolean => asked[mxc] === true;
export const askFor = (mxc: string): void => setAsked(mxc, true);

let queue: Promise<void> = Promise.resolve();
const fetched = new Map<string, Promise<void>>();

/** Has a file of `bytes` here before it is wanted: one after the other. Nothing without a service worker that keeps it. */
export function fetchEarly(mxc: string, bytes: number): Promise<void> {
  const place = mediaServed() && bytes <= early_most_bytes ? servedUrl(mxc, null) : undefined;
  if (place === undefined) return Promise.resolve();
  const known = fetched.get(mxc);
  if (known) return known;
  const fetching = queue.then(async () => {
    const answer = await fetch(place, { priority: 'low' });
    const reader = answer.body?.getReader();
    let bytes = 0;
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      bytes += part.value.length;
      // It is larger than its message says.
      if (bytes > early_most_bytes) await reader?.cancel();
    }
    if (!answer.ok) fetched.delete(mxc);
  });
  const done = fetching.catch(() => void fetched.delete(mxc));
  queue = done.then(() => undefined);
  fetched.set(mxc, queue);
  return queue;
}

interface Connection extends Partial<EventTarget> {
  readonly type?: string;
  readonly saveData?: boolean;
}

function connection(): Connection | undefined {
  return (navigator as Navigator & { readonly connection?: Connection }).connection;
}

function networkNow(): { readonly network: Network; readonly saving: boolean } {
  const now = connection();
  return { network: now?.type === 'cellular' ? 'mobile' : 'usual', saving: now?.saveData === true };
}

function parsed(text: string | null): Json {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
