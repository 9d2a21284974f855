import { Match, Switch } from 'solid-js';
import { Icon } from './icon';
import s from './ticks.module.css';

type Delivery = 'sending' | 'sent' | 'read' | 'failed';

/** What became of an own message: a clock, one tick, two ticks, or a red mark. */
export function Ticks(props: { delivery: Delivery; label: string }) {
  return (
    <span class={s.ticks} role="img" aria-label={props.label} data-testid="ticks" data-delivery={props.delivery}>
      <Switch>
        <Match when={props.delivery === 'sending'}>
          <svg class={s.clock} viewBox="0 0 14 14" aria-hidden="true">
            <circle cx="7" cy="7" r="5.5" />
            <path d="M7 7h3" />
            <path class={s.hand} d="M7 7V3.5" />
          </svg>
        </Match>
        <Match when={props.delivery === 'failed'}>
          <Icon name="circle-alert" size={14} class={s.failed} />
        </Match>
        <Match when={props.delivery === 'sent' || props.delivery === 'read'}>
          <Icon name={props.delivery === 'read' ? 'tick-read' : 'tick-sent'} class={s.tick} />
        </Match>
      </Switch>
    </span>
  );
}
