import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js';
import { dayLabel } from '../../i18n/dates';
import { setChoosingDay } from '../../store/dates';
import { now } from '../../ui/clock';
import s from './timeline.module.css';

const stays_ms = 1000;

/**
 * The day of the topmost message, under the header while one scrolls and a second longer; `day` is a midnight, ms, and
 * `scrolls` another number after each movement.
 */
export function FloatingDay(props: { day: number | undefined; scrolls: number }) {
  const [shown, setShown] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  createEffect(
    on(
      () => [props.day, props.scrolls],
      () => {
        setShown(true);
        clearTimeout(timer);
        timer = setTimeout(() => setShown(false), stays_ms);
      },
      { defer: true },
    ),
  );
  onCleanup(() => clearTimeout(timer));
  return (
    <div class={s.floating} data-testid="floating-day" data-shown={shown()} aria-hidden="true">
      <Show when={props.day}>
        {(day) => (
          <button type="button" class={s.pill} tabIndex={-1} onClick={() => setChoosingDay(day())}>
            {dayLabel(day(), now())}
          </button>
        )}
      </Show>
    </div>
  );
}

/** The day that begins here; a press offers another one. */
export function DayPill(props: { day: number }) {
  return (
    <button type="button" class={s.pill} aria-haspopup="dialog" onClick={() => setChoosingDay(props.day)}>
      {dayLabel(props.day, now())}
    </button>
  );
}
