/** Asks the server what a linked page says of itself. Spec: Client-Server API, GET /media/preview_url. */
import { type PagePreview, pagePreview } from '../model/link-previews';
import type { Core } from './core';

/** The server makes no previews at all, as it said once. */
const without = new WeakSet<object>();

/** null when there is nothing to show, or the server does not look at pages. */
export async function askForPreview(core: Core, url: string): Promise<PagePreview | null> {
  if (without.has(core.account)) {
    return null;
  }
  const path = '/_matrix/client/v1/media/preview_url';
  const answer = await core.exchange({ method: 'GET', path, query: { url }, timeoutMs: 30_000 });
  if (answer.status === 404 || answer.body.errcode === 'M_UNRECOGNIZED' || answer.body.errcode === 'M_FORBIDDEN') {
    without.add(core.account);
  }
  return answer.status === 200 ? pagePreview(url, answer.body) : null;
}
