import { For, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId, ThreadSummary, TimelineItem } from '../../store/contract';
import { nameOf, photoOf } from '../../store/people';
import { openThread } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Icon } from '../../ui/icon';
import s from './thread-foot.module.css';

/** The way into the thread that begins with a message: who wrote in it last, how many answers, a dot for new ones. */
export function ThreadFoot(props: { roomId: RoomId; item: TimelineItem; thread: ThreadSummary }) {
  const { state } = useClient();
  const open = () => {
    if (props.item.eventId) openThread(props.roomId, props.item.eventId);
  };
  return (
    <button
      type="button"
      class={s.foot}
      data-testid="thread-foot"
      data-unread={props.thread.unread > 0}
      data-tooltip={props.thread.latestName}
      onClick={open}
    >
      <span class={s.faces}>
        <For each={props.thread.people}>
          {(id) => (
            <Avatar id={id} name={nameOf(state, props.roomId, id)} photo={photoOf(state, props.roomId, id)} size={22} />
          )}
        </For>
      </span>
      <span class={s.count}>{t('thread-count', { count: props.thread.count })}</span>
      <Show when={state.own.threads[props.item.eventId ?? ''] === 'none'}>
        <Icon name="bell-off" size={16} />
      </Show>
      <i class={s.dot} aria-hidden="true" />
      <Icon name="chevron-right" size={20} />
    </button>
  );
}
