/** The pictures and films of a chat as it is loaded, for going from one to the next. */
import { type Media, mediaOf } from '../../model/media';
import type { MirrorState, RoomId, TimelineItem } from '../../store/contract';

export interface Shown {
  readonly item: TimelineItem;
  readonly media: Media;
}

/** Oldest first; what is still being uploaded is not among them. */
export function galleryOf(state: MirrorState, roomId: RoomId): Shown[] {
  const timeline = state.timelines[roomId];
  return (timeline?.items ?? []).flatMap((key): Shown[] => {
    const item = timeline?.events[key];
    const media = item?.kind === 'message' ? mediaOf(item.type, item.content) : null;
    const isShown = media?.mxc && (media.kind === 'image' || media.kind === 'video');
    return item && media && isShown ? [{ item, media }] : [];
  });
}
