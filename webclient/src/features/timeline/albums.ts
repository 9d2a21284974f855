/** Which neighbouring messages are one album: shown as one bubble. */
import { unwrap } from 'solid-js/store';
import { albumOf } from '../../model/media';
import type { TimelineItem } from '../../store/contract';

const MOST = 10;

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
    const visual = ['m.image', 'm.video'].includes(String(bare[key]?.content.msgtype));
    const item = visual ? events[key] : undefined;
    const id = item?.kind === 'message' ? (albumOf(item.content)?.id ?? null) : null;
    const last = runs[runs.length - 1];
    if (id !== null && id === open && last && last.length < MOST) last.push(key);
    else runs.push([key]);
    open = id;
  }
  return runs;
}
