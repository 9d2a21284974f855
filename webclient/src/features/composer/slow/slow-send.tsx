import { createEffect, createSignal, onCleanup, type ParentProps, Show } from 'solid-js';
import { t } from '../../../i18n';
import { useClient } from '../../../store/context';
import type { RoomId } from '../../../store/contract';
import s from './slow-send.module.css';
import { leftText, waitingIn } from './waiting';

const tick_ms = 250;

/** In a group with slow mode: how long one has to wait, in place of the button that sends. */
export function SlowSend(props: ParentProps<{ roomId: RoomId }>) {
  const { state } = useClient();
  const [now, setNow] = createSignal(Date.now());
  const until = () => waitingIn(state, props.roomId);
  const left = () => until() - now();
  createEffect(() => {
    if (until() <= Date.now()) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      setNow(Date.now());
      if (left() <= 0) clearInterval(timer);
    }, tick_ms);
    onCleanup(() => clearInterval(timer));
  });
  const whole = () => (state.rooms[props.roomId]?.group.slowModeS ?? 1) * 1000;
  const words = () => t('slow-wait', { left: leftText(left()) });
  return (
    <Show when={left() > 0} fallback={props.children}>
      <div class={s.wait} role="timer" aria-label={words()} data-tooltip={words()} data-testid="slow-wait">
        <svg class={s.ring} viewBox="0 0 48 48" aria-hidden="true">
          <circle class={s.track} cx="24" cy="24" r="20" pathLength="1" />
          <circle
            class={s.rest}
            cx="24"
            cy="24"
            r="20"
            pathLength="1"
            style={{ '--rest': Math.min(1, left() / whole()) }}
          />
        </svg>
        <span class={s.left}>{leftText(left())}</span>
      </div>
    </Show>
  );
}
