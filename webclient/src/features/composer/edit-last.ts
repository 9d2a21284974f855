import { bodyOf } from '../../model/relations';
import type { MirrorState } from '../../store/contract';
import { me } from '../../store/people';
import { startEdit } from '../../store/ui';

/** Begin to edit my newest text message in this view; false when there is none. */
export function editLast(state: MirrorState, view: string): boolean {
  const timeline = state.timelines[view];
  const key = timeline?.items.findLast((one) => {
    const item = timeline.events[one];
    return item?.eventId && item.sender === me(state) && item.kind === 'message' && item.content.msgtype === 'm.text';
  });
  const item = timeline?.events[key ?? ''];
  if (!item?.eventId) return false;
  startEdit(view, item.eventId, bodyOf(item.content));
  return true;
}
