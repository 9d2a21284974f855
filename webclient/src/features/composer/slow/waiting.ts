/** Slow mode: when one may write again. */
import type { MirrorState, RoomId, TimelineItem } from '../../../store/contract';
import { me } from '../../../store/people';

/** Further up than this a message is older than slow mode can be long, or the server says so. */
const looked_most = 300;

/** Until when, ms, somebody has to wait who wrote these (the newest last) and may write once in so many seconds. */
export function waitsUntil(items: readonly TimelineItem[], userId: string, seconds: number): number {
  for (let at = items.length - 1; at >= Math.max(0, items.length - looked_most); at--) {
    const item = items[at];
    if (item?.sender === userId && item.kind !== 'service' && item.error === null) return item.ts + seconds * 1000;
  }
  return 0;
}

/** Until when, ms, I have to wait in a chat; 0: not at all. */
export function waitingIn(state: MirrorState, roomId: RoomId): number {
  const room = state.rooms[roomId];
  const timeline = state.timelines[roomId];
  if (!room || !timeline || room.group.slowModeS === 0 || room.my.redactOthers) return 0;
  const items = timeline.items.slice(-looked_most).flatMap((key) => timeline.events[key] ?? []);
  return waitsUntil(items, me(state), room.group.slowModeS);
}

/** 0:09, 4:00: what is left of it. */
export function leftText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
