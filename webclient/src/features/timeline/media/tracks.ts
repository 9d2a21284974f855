import { mediaOf } from '../../../model/media';
import type { Track } from '../../../store/audio';
import type { MirrorState, RoomId, TimelineItem } from '../../../store/contract';
import { nameOf } from '../../../store/people';

/** A message as a sound for the player; undefined while it has none that can be fetched. */
export function trackOf(state: MirrorState, roomId: RoomId, item: TimelineItem, voiceTitle: string): Track | undefined {
  const media = mediaOf(item.type, item.content);
  if (!media?.mxc || (media.kind !== 'voice' && media.kind !== 'audio')) return undefined;
  const title = media.kind === 'voice' ? voiceTitle : media.name;
  const by = nameOf(state, roomId, item.sender);
  return { roomId, key: item.key, mxc: media.mxc, title, by, kind: media.kind, durationMs: media.durationMs };
}

/** All sounds of the same kind in the chat as it is loaded, oldest first. */
export function tracksOf(state: MirrorState, roomId: RoomId, kind: Track['kind'], voiceTitle: string): Track[] {
  const timeline = state.timelines[roomId];
  return (timeline?.items ?? []).flatMap((key) => {
    const item = timeline?.events[key];
    const found = item && trackOf(state, roomId, item, voiceTitle);
    return found?.kind === kind ? found : [];
  });
}
