/** Sending a file's bytes with word of how far it got: `fetch` cannot tell, so this is the one use of XMLHttpRequest. */
import { failure } from './http';

export interface UploadRequest {
  readonly url: string;
  readonly token: string;
  readonly body: Blob;
  readonly type: string;
  readonly signal: AbortSignal;
  progress(sentBytes: number): void;
}

/** Status and text of the answer; rejects `NETWORK` or `CANCELLED` when there is none. */
export type Upload = (request: UploadRequest) => Promise<{ readonly status: number; readonly text: string }>;

/** An upload that stands still for so long is given up, and tried again by the queue. */
const STILL_MS = 60_000;

export const uploadByXhr: Upload = ({ url, token, body, type, signal, progress }) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    let still: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      clearTimeout(still);
      still = setTimeout(() => xhr.abort(), STILL_MS);
    };
    const cancel = () => xhr.abort();
    const over = () => {
      clearTimeout(still);
      signal.removeEventListener('abort', cancel);
    };
    const lost = () => {
      over();
      reject(signal.aborted ? failure('CANCELLED', 'the upload was given up') : failure('NETWORK', 'no answer'));
    };
    xhr.open('POST', url);
    xhr.setRequestHeader('Authorization', `Bearer ${token}`);
    xhr.setRequestHeader('Content-Type', type);
    xhr.upload.onprogress = (event) => {
      watch();
      progress(event.loaded);
    };
    xhr.onload = () => {
      over();
      resolve({ status: xhr.status, text: xhr.responseText });
    };
    xhr.onerror = lost;
    xhr.onabort = lost;
    signal.addEventListener('abort', cancel);
    watch();
    xhr.send(body);
  });
