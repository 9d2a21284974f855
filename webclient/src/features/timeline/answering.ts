/** What every bubble has to know of answers; its menu is loaded when it is asked for. */
import type { Client, RoomId, TimelineItem } from '../../store/contract';

/** Whether this message can be reacted to and answered: never in plain text into an encrypted room. */
export function mayAnswer({ state }: Client, roomId: RoomId, item: TimelineItem): boolean {
  const room = state.rooms[roomId];
  return item.kind === 'message' && room?.membership === 'join' && room.my.sendMessages && !room.encrypted;
}
