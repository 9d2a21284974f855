/** Which neighbouring messages are one album: shown as one bubble. */
import { unwrap } from 'solid-js/store';
import { albumOf } from '../../model/media';
import type { TimelineItem } from '../../store/contract';

const MOST = 10;

function isVisual(item: TimelineItem | undefined): boolean {
  return ['m.image', 'm.video'].includes(String(item?.content.msgtype));
}

/** The album that a picture or film says it belongs to; null for what stands alone. */
export function albumIdOf(item: TimelineItem): string | null {
  return isVisual(item) && item.kind === 'message' ? (albumOf(item.content)?.id ?? null) : null;
}

/** Runs of keys, in order: each alone, or the members of one album side by side. */
export function albumRuns(
  keys: readonly string[],
  events: Readonly<Record<string, TimelineItem>>,
): readonly (readonly string[])[] {
  const runs: string[][] = [];
  let open: string | null = null;
  // Only pictures are watched: what is none becomes none.
  const bare = unwrap(events);
  for (const key of keys) {
    const item = isVisual(bare[key]) ? events[key] : undefined;
    const id = item === undefined ? null : albumIdOf(item);
    const last = runs[runs.length - 1];
    if (id !== null && id === open && last && last.length < MOST) last.push(key);
    else runs.push([key]);
    open = id;
  }
  return runs;
}
