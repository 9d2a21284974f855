/** Which neighbouring messages are one album: shown as one bubble. */
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
  for (const key of keys) {
    const item = events[key];
    const visual = item?.kind === 'message' && ['m.image', 'm.video'].includes(String(item.content.msgtype));
    const id = item && visual ? (albumOf(item.content)?.id ?? null) : null;
    const last = runs[runs.length - 1];
    if (id !== null && id === open && last && last.length < MOST) last.push(key);
    else runs.push([key]);
    open = id;
  }
  return runs;
}
