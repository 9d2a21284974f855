/** Files of the account over HTTP: addresses with the token in a header, never in the address. */
import { mxcParts } from '../model/media';
import { failure, path } from './api/http';

const V1 = '/_matrix/client/v1/media';

export interface ThumbnailSize {
  readonly w: number;
  readonly h: number;
}

/** Path of a file, or of a thumbnail of about this size. Rejects what is no address of a file. */
export function mediaPath(mxc: string, size: ThumbnailSize | null): string {
  const parts = mxcParts(mxc);
  if (parts === null) {
    throw failure('M_INVALID_PARAM', 'not an address of a file');
  }
  return size === null
    ? V1 + path`/download/${parts.server}/${parts.id}`
    : `${V1}${path`/thumbnail/${parts.server}/${parts.id}`}?width=${size.w}&height=${size.h}&method=scale`;
}
