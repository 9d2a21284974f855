/** Files being saved to the device, with how far each got. */
import { createStore } from 'solid-js/store';
import type { Commands } from './contract';
import { mediaServed, servedUrl } from './media';

export interface Download {
  readonly receivedBytes: number;
  readonly totalBytes: number;
  readonly state: 'running' | 'gone' | 'failed';
}

const [downloads, setDownloads] = createStore<Record<string, Download | undefined>>({});
const running = new Map<string, AbortController>();

export const downloadOf = (mxc: string): Download | undefined => downloads[mxc];

/** Give up a download. */
export function cancelDownload(mxc: string): void {
  running.get(mxc)?.abort();
  setDownloads(mxc, undefined);
}

/** Save a file under its name. `sizeBytes` is what the message says, for the ring. */
export async function download(commands: Commands, mxc: string, name: string, sizeBytes: number): Promise<void> {
  if (running.has(mxc)) return;
  const abort = new AbortController();
  running.set(mxc, abort);
  setDownloads(mxc, { receivedBytes: 0, totalBytes: sizeBytes, state: 'running' });
  try {
    const blob = mediaServed() ? await fetched(mxc, abort.signal) : await commands.loadMedia(mxc, null);
    if (!abort.signal.aborted) saveAs(blob, name);
    setDownloads(mxc, undefined);
  } catch (error) {
    const gone = error instanceof Error && error.message === '404';
    if (!abort.signal.aborted) setDownloads(mxc, { receivedBytes: 0, totalBytes: 0, state: gone ? 'gone' : 'failed' });
  } finally {
    running.delete(mxc);
  }
}

async function fetched(mxc: string, signal: AbortSignal): Promise<Blob> {
  const response = await fetch(servedUrl(mxc, null) ?? '', { signal });
  if (!response.ok || response.body === null) throw new Error(String(response.status));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    parts.push(value);
    setDownloads(mxc, (now) => (now ? { ...now, receivedBytes: now.receivedBytes + value.length } : now));
  }
}

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
