import { Show } from 'solid-js';
import { t } from '../../i18n';
import { clockTime, dateAndTime } from '../../i18n/dates';
import { useClient } from '../../store/context';
import type { TimelineItem } from '../../store/contract';
import { Icon } from '../../ui/icon';
import { Ticks } from '../../ui/ticks';
import s from './bubble.module.css';

const words = {
  sending: 'message-sending',
  sent: 'message-sent',
  read: 'message-read',
  failed: 'message-failed',
} as const;

/** Time and ticks, in the last line of the text; the mark of a failure opens the menu with the ways out. */
export function TimeMark(props: {
  item: TimelineItem;
  menu: (x: number, y: number) => void;
  /** Tells who has read it, where that may be several. */
  readers: (() => void) | undefined;
}) {
  const { state } = useClient();
  const delivery = () => {
    if (props.item.error) return 'failed';
    return props.item.changing && state.connection.status !== 'live' ? 'sending' : props.item.delivery;
  };
  return (
    <span class={s.time} data-testid="message-time">
      <Show when={props.item.starred}>
        <Icon name="star" size={14} />
      </Show>
      <Show when={props.item.edited && props.item.kind === 'message'}>
        <span
          data-testid="edited-mark"
          data-tooltip={props.item.editedTs === undefined ? undefined : dateAndTime(props.item.editedTs)}
        >
          {t('message-edited')}
        </span>
      </Show>
      <time dateTime={new Date(props.item.ts).toISOString()} data-tooltip={dateAndTime(props.item.ts)}>
        {clockTime(props.item.ts)}
      </time>
      <Show
        when={delivery() === 'failed'}
        fallback={
          <Show
            when={delivery() === 'read' && props.readers}
            fallback={<Show when={delivery()}>{(now) => <Ticks delivery={now()} label={t(words[now()])} />}</Show>}
          >
            {(tell) => (
              <button type="button" tabIndex={-1} data-testid="readers" onClick={() => tell()()}>
                <Ticks delivery="read" label={t('message-read')} />
              </button>
            )}
          </Show>
        }
      >
        <button
          type="button"
          data-testid="failed-mark"
          data-tooltip={t('message-failed')}
          onClick={(event) => props.menu(event.clientX, event.clientY)}
        >
          <Ticks delivery="failed" label={t('message-failed')} />
        </button>
      </Show>
    </span>
  );
}
