/** What linked pages say of themselves: asked once by this page of the browser, however often a link is shown. */
import type { PagePreview } from '../model/link-previews';
import type { Commands } from './contract';

const MOST = 300;
const known = new Map<string, Promise<PagePreview | null>>();

/** The preview of a link; null when there is none. */
export function previewOfLink(commands: Commands, url: string): Promise<PagePreview | null> {
  const before = known.get(url);
  if (before) return before;
  const oldest = known.keys().next();
  if (known.size >= MOST && !oldest.done) known.delete(oldest.value);
  const asked = commands.pagePreview(url).catch(() => {
    known.delete(url);
    return null;
  });
  known.set(url, asked);
  return asked;
}
