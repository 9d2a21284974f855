import { createEffect, createSignal, onCleanup, Show, Suspense, untrack } from 'solid-js';
import { t } from '../../i18n';
import { object, texts } from '../../model/events';
import { useClient } from '../../store/context';
import type { EventId, RoomId, Timeline } from '../../store/contract';
import { mentionWanted, setMentionWanted } from '../../store/messages-ui';
import { me } from '../../store/people';
import { Badge } from '../../ui/badge';
import { Icon } from '../../ui/icon';
import { part } from '../../ui/parts';
import s from './timeline.module.css';

const LikedButton = part(async () => (await import('./liked-button')).LikedButton);

type ButtonsProps = {
  roomId: RoomId;
  timeline: Timeline;
  /** Only the way to the end: the others are of the chat. */
  thread: boolean;
  /** The end is out of sight. */
  away: boolean;
  content: HTMLElement;
  end: () => void;
  go: (eventId: EventId) => void;
};

/** The round buttons over the messages: to the end, to mentions, to reactions. */
export function JumpButtons(props: ButtonsProps) {
  const { state } = useClient();
  const count = () => (props.thread ? 0 : (state.rooms[props.roomId]?.unread.notifications ?? 0));
  return (
    <>
      <JumpButton shown={props.away} count={count()} onClick={() => props.end()} />
      <Show when={!props.thread}>
        <MentionButton roomId={props.roomId} timeline={props.timeline} go={(eventId) => props.go(eventId)} />
        <Suspense>
          <LikedButton
            roomId={props.roomId}
            timeline={props.timeline}
            content={props.content}
            go={(eventId) => props.go(eventId)}
          />
        </Suspense>
      </Show>
    </>
  );
}

/** The round button that leads back to the newest message, with the number of unread ones on its edge. */
function JumpButton(props: { shown: boolean; count: number; onClick: () => void }) {
  return (
    <button
      type="button"
      class={s.jump}
      data-shown={props.shown}
      data-testid="jump-button"
      aria-label={t('chat-jump')}
      aria-hidden={!props.shown}
      tabIndex={props.shown ? 0 : -1}
      onClick={() => props.onClick()}
    >
      <Icon name="chevron-down" size={26} />
      <Show when={props.shown && props.count > 0}>
        <span class={s.jumpBadge}>
          <Badge count={props.count} label={t('list-unread', { count: props.count })} testid="jump-badge" />
        </span>
      </Show>
    </button>
  );
}

const goes_most = 6;
const goes_again_ms = 400;

/** Above it, while somebody has mentioned me and I have not seen it: steps through these messages, the oldest first. */
function MentionButton(props: { roomId: RoomId; timeline: Timeline; go: (eventId: EventId) => void }) {
  const { state } = useClient();
  const [seen, setSeen] = createSignal<readonly EventId[]>([]);
  const room = () => state.rooms[props.roomId];
  const mentions = (): EventId[] => {
    if ((room()?.unread.highlights ?? 0) === 0) return [];
    const { items, events } = props.timeline;
    const read = items.findIndex((key) => events[key]?.eventId === room()?.readUpTo);
    return items.slice(read + 1).flatMap((key) => {
      const item = events[key];
      const told = object(item?.content['m.mentions']);
      const isMe = told.room === true || texts(told.user_ids).includes(me(state));
      return item?.eventId && isMe && item.sender !== me(state) && !seen().includes(item.eventId) ? item.eventId : [];
    });
  };
  createEffect(() => {
    const first = mentionWanted() === props.roomId ? mentions()[0] : undefined;
    if (!first) return;
    setMentionWanted(undefined);
    setSeen((all) => [...all, first]);
    untrack(() => goUntilThere(first));
  });
  /** What comes while the chat opens may take it out of sight again. */
  const goUntilThere = (eventId: EventId) => {
    let left = goes_most;
    const go = () => {
      const place = document.querySelector(`[data-event="${CSS.escape(eventId)}"]`)?.getBoundingClientRect();
      const isThere = place && place.bottom > 0 && place.top < innerHeight;
      if (gone || left === 0 || (isThere && left < goes_most)) return;
      left -= 1;
      props.go(eventId);
      setTimeout(go, goes_again_ms);
    };
    go();
  };
  let gone = false;
  onCleanup(() => {
    gone = true;
  });
  const press = () => {
    const [first] = mentions();
    if (!first) return;
    setSeen((all) => [...all, first]);
    props.go(first);
  };
  return (
    <Show when={mentions().length > 0}>
      <button
        type="button"
        class={s.jump}
        data-shown="true"
        data-upper="true"
        data-testid="mention-button"
        aria-label={t('chat-jump-mention')}
        onClick={press}
      >
        <Icon name="at-sign" size={26} />
        <span class={s.jumpBadge}>
          <Badge count={mentions().length} label={t('list-mentions')} testid="mention-badge" />
        </span>
      </button>
    </Show>
  );
}
