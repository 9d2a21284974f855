import { Show } from 'solid-js';
import s from './badge.module.css';

/** A pill with a count, or an empty dot at 0; nothing when `count` is undefined. */
export function Badge(props: { count: number | undefined; muted?: boolean; label?: string; testid?: string }) {
  return (
    <Show when={props.count !== undefined}>
      <span
        class={s.badge}
        classList={{ [s.muted ?? '']: props.muted === true }}
        data-testid={props.testid ?? 'badge'}
        role="img"
        aria-label={props.label ?? String(props.count)}
      >
        {props.count === 0 ? '' : (props.count ?? 0) > 999 ? '999+' : props.count}
      </span>
    </Show>
  );
}
