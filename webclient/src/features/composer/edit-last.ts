import { isEditable, sourceOf } from '../../model/editing';
import type { MirrorState } from '../../store/contract';
import { me } from '../../store/people';
import { startEdit } from '../../store/ui';

/** Begin to edit my newest message in this view that can be edited; false when there is none. */
export function editLast(state: MirrorState, view: string): boolean {
  const timeline = state.timelines[view];
  const key = timeline?.items.findLast((one) => {
    const item = timeline.events[one];
    const isMine = item?.eventId && item.sender === me(state) && item.kind === 'message';
    return isMine && isEditable(item.type, item.content);
  });
  const item = timeline?.events[key ?? ''];
  if (!item?.eventId) return false;
  const { text, mentions } = sourceOf(item.type, item.content);
  startEdit(view, item.eventId, text, mentions);
  return true;
}
