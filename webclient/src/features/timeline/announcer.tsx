import { createMemo } from 'solid-js';
import { t } from '../../i18n';
import { bodyOf } from '../../model/relations';
import { useClient } from '../../store/context';
import type { RoomId, Timeline } from '../../store/contract';
import { me, nameOf } from '../../store/people';

/** Reads the newest message of somebody else out to screen readers; the history itself stays silent while it loads. */
export function Announcer(props: { roomId: RoomId; timeline: Timeline }) {
  const { state } = useClient();
  const newest = () => props.timeline.items[props.timeline.items.length - 1];
  const opened = newest();
  const words = createMemo(() => {
    const item = props.timeline.events[newest() ?? ''];
    if (!item || item.key === opened || item.sender === me(state) || item.kind !== 'message') return '';
    return t('chat-announce', { name: nameOf(state, props.roomId, item.sender), text: bodyOf(item.content) });
  });
  return (
    <div class="visually-hidden" aria-live="polite" data-testid="announcer">
      {words()}
    </div>
  );
}
