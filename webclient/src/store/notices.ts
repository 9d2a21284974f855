/** What just came and deserves notice: found by comparing the rooms with what they were. */
import { createEffect, on, onCleanup } from 'solid-js';
import type { MirrorState, Room } from './contract';

export interface Notice {
  readonly room: Room;
  readonly mention: boolean;
}

/**
 * Calls `tell` for each chat in which more is unread than before, once the list is there. What was unread when the page
 * opened is no news; nor is what a server counts again that has not heard yet that it was read.
 */
export function watchNotices(state: MirrorState, tell: (notice: Notice) => void, read: (room: Room) => void): void {
  const known = new Map<string, { count: number; highlights: number; key: string }>();
  let started = false;
  createEffect(
    on(
      () =>
        state.roomOrder.map((id) => {
          const room = state.rooms[id];
          return [id, room?.unread.notifications ?? 0, room?.unread.highlights ?? 0, room?.preview?.key ?? ''] as const;
        }),
      (rows) => {
        for (const [id, count, highlights, key] of rows) {
          const before = known.get(id);
          const again = started && before?.key === key;
          known.set(id, {
            count: again ? Math.min(count, before.count) : count,
            highlights: again ? Math.min(highlights, before.highlights) : highlights,
            key,
          });
          const room = state.rooms[id];
          if (!started || !room || !before) continue;
          if (count > before.count && key !== before.key) tell({ room, mention: highlights > before.highlights });
          else if (count === 0 && before.count > 0) read(room);
        }
        started ||= state.listReady && state.connection.status === 'live';
      },
    ),
  );
  onCleanup(() => known.clear());
}
