import { Show } from 'solid-js';
import { t } from '../../i18n';
import { clockTime, dateAndTime } from '../../i18n/dates';
import { useClient } from '../../store/context';
import type { TimelineItem } from '../../store/contract';
import { Ticks } from '../../ui/ticks';
import s from './bubble.module.css';

const words = {
  sending: 'message-sending',
  sent: 'message-sent',
  read: 'message-read',
  failed: 'message-failed',
} as const;

/** Time and ticks, in the last line of the text. */
export function TimeMark(props: { item: TimelineItem }) {
  const { state } = useClient();
  const delivery = () => {
    if (props.item.error) return 'failed';
    return props.item.changing && state.connection.status !== 'live' ? 'sending' : props.item.delivery;
  };
  return (
    <span class={s.time} data-testid="message-time">
      <Show when={props.item.edited && props.item.kind === 'message'}>
        <span data-testid="edited-mark">{t('message-edited')}</span>
      </Show>
      <time dateTime={new Date(props.item.ts).toISOString()} data-tooltip={dateAndTime(props.item.ts)}>
        {clockTime(props.item.ts)}
      </time>
      <Show when={delivery()}>{(now) => <Ticks delivery={now()} label={t(words[now()])} />}</Show>
    </span>
  );
}
