import { bodyOf } from '../../model/relations';
import type { MirrorState, RoomId } from '../../store/contract';
import { me } from '../../store/people';
import { startEdit } from '../../store/ui';

/** Begin to edit my newest text message in this chat; false when there is none. */
export function editLast(state: MirrorState, roomId: RoomId): boolean {
  const timeline = state.timelines[roomId];
  const key = timeline?.items.findLast((one) => {
    const item = timeline.events[one];
    return item?.eventId && item.sender === me(state) && item.kind === 'message' && item.content.msgtype === 'm.text';
  });
  const item = timeline?.events[key ?? ''];
  if (!item?.eventId) return false;
  startEdit(roomId, item.eventId, bodyOf(item.content));
  return true;
}
