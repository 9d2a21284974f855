/** Files to and from the server: the token goes in a header, and an expired one is renewed once. */
import { text } from '../model/events';
import { type Fetch, failure, parseObject, serverError } from './api/http';
import type { Upload } from './api/upload';
import type { Session, Signed } from './session';

export interface UploadOptions {
  readonly name: string;
  readonly signal: AbortSignal;
  progress(sentBytes: number): void;
}

/** Uploads a file; resolves to its `mxc:` address. */
export async function uploadFile(
  session: Session,
  upload: Upload,
  file: Blob,
  options: UploadOptions,
): Promise<string> {
  const { signal, progress, name } = options;
  const query = name === '' ? '' : `?filename=${encodeURIComponent(name)}`;
  const type = file.type === '' ? 'application/octet-stream' : file.type;
  const answer = await withToken(session, (signed, token) =>
    upload({ url: `${signed.base}/_matrix/media/v3/upload${query}`, token, body: file, type, signal, progress }),
  );
  const body = parseObject(answer.text, answer.status);
  if (answer.status < 200 || answer.status >= 300) {
    throw serverError(answer.status, body);
  }
  return text(body.content_uri);
}

/** The bytes at a path of the client API. */
export async function download(session: Session, fetcher: Fetch, path: string): Promise<Blob> {
  const response = await withToken(session, (signed, token) =>
    fetcher(signed.base + path, {
      headers: { Authorization: `Bearer ${token}` },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    }).catch(() => {
      throw failure('NETWORK', 'no answer');
    }),
  );
  if (!response.ok) {
    throw serverError(response.status, parseObject(await response.text(), response.status));
  }
  return response.blob();
}

async function withToken<A extends { readonly status: number }>(
  session: Session,
  send: (signed: Signed, token: string) => Promise<A>,
): Promise<A> {
  const signed = session.active;
  if (signed === null) {
    throw failure('M_MISSING_TOKEN', 'not signed in', 401);
  }
  const answer = await send(signed, signed.accessToken);
  const fresh = answer.status === 401 ? await session.renew(true, signed.accessToken) : null;
  return fresh === null ? answer : send(signed, fresh);
}
