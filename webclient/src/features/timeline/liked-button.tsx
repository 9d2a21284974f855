import { createEffect, createSignal, on, onCleanup, Show, untrack } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { EventId, RoomId, Timeline, TimelineItem } from '../../store/contract';
import { Badge } from '../../ui/badge';
import { Icon } from '../../ui/icon';
import s from './timeline.module.css';

const look_ms = 700;

/** Reactions that were shown since the page was opened. */
const shown = new Set<string>();

/**
 * Above the other round buttons while somebody has reacted to messages of mine that are out of sight: steps through them. It
 * knows the newest from the list of chats, and those that come while the chat is open.
 */
export function LikedButton(props: {
  roomId: RoomId;
  timeline: Timeline;
  content: HTMLElement;
  go: (eventId: EventId) => void;
}) {
  const { state } = useClient();
  const [waiting, setWaiting] = createSignal<readonly EventId[]>([]);
  const itemOf = (eventId: EventId): TimelineItem | undefined =>
    Object.values(props.timeline.events).find((item) => item.eventId === eventId);
  const drop = (eventId: EventId) => setWaiting((all) => all.filter((one) => one !== eventId));
  createEffect(
    on(
      () => [state.rooms[props.roomId]?.preview?.key, state.rooms[props.roomId]?.preview?.target] as const,
      ([key, target]) => {
        const room = untrack(() => state.rooms[props.roomId]);
        if (!target || !key || shown.has(key)) return;
        shown.add(key);
        const read = untrack(() => itemOf(room?.readUpTo ?? '')?.ts) ?? 0;
        const ts = untrack(() => room?.preview?.ts) ?? 0;
        if (ts > read) setWaiting((all) => (all.includes(target) ? all : [...all, target]));
      },
    ),
  );
  /** What has come into sight is seen. */
  const look = () => {
    const view = props.content.parentElement?.getBoundingClientRect();
    for (const eventId of waiting()) {
      const row = props.content.querySelector(`[data-event="${CSS.escape(eventId)}"]`)?.getBoundingClientRect();
      if (view && row && row.bottom > view.top && row.top < view.bottom) drop(eventId);
    }
  };
  createEffect(() => {
    if (waiting().length === 0) return;
    const timer = setInterval(look, look_ms);
    onCleanup(() => clearInterval(timer));
  });
  const press = () => {
    const [first] = waiting();
    if (!first) return;
    drop(first);
    props.go(first);
  };
  return (
    <Show when={waiting().length > 0}>
      <button
        type="button"
        class={s.jump}
        data-shown="true"
        data-upper="liked"
        data-testid="liked-button"
        aria-label={t('chat-jump-liked')}
        onClick={press}
      >
        <Icon name="heart" size={26} />
        <span class={s.jumpBadge}>
          <Badge count={waiting().length} label={t('chat-jump-liked')} testid="liked-badge" />
        </span>
      </button>
    </Show>
  );
}
