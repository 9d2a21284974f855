import { createMemo, createSignal, For, Show } from 'solid-js';
import { t } from '../i18n';
import { dayText, monthText, weekdays } from '../i18n/dates';
import { addDays, addMonths, midnight, monthOf, weeksOf } from '../model/calendar';
import { IconButton } from './button';
import s from './calendar.module.css';

type CalendarProps = {
  /** The chosen day; days are midnights, ms. */
  value: number;
  min?: number;
  max?: number;
  /** Days at which something is known to be. */
  marked?: ReadonlySet<number>;
  onPick: (day: number) => void;
};

/** A month of days; arrow keys walk through them, the month follows. */
export function Calendar(props: CalendarProps) {
  let grid!: HTMLDivElement;
  const [month, setMonth] = createSignal(monthOf(props.value));
  const weeks = createMemo(() => weeksOf(month()));
  const allowed = (day: number) =>
    (props.min === undefined || day >= midnight(props.min)) && (props.max === undefined || day <= props.max);
  const start = () => new Date(month().year, month().month, 1).getTime();
  const end = () => addDays(new Date(month().year, month().month + 1, 1).getTime(), -1);
  const today = midnight(Date.now());
  /** Where Tab comes in: the chosen day if it is in sight, else the first that may be chosen. */
  const entry = createMemo(() => {
    const days = weeks()
      .flat()
      .filter((day) => day !== null);
    return days.includes(props.value) && allowed(props.value) ? props.value : days.find(allowed);
  });
  const move = (event: KeyboardEvent) => {
    const at = Number((event.target as HTMLElement).dataset.day);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (step === undefined || !at) return;
    event.preventDefault();
    const next = addDays(at, step);
    if (!allowed(next)) return;
    setMonth(monthOf(next));
    grid.querySelector<HTMLElement>(`[data-day="${next}"]`)?.focus();
  };
  return (
    <div class={s.calendar} data-testid="calendar">
      <div class={s.head}>
        <span class={s.month} aria-live="polite" data-testid="calendar-month">
          {monthText(start())}
        </span>
        <IconButton
          icon="chevron-up"
          label={t('calendar-earlier')}
          disabled={props.min !== undefined && start() <= props.min}
          onClick={() => setMonth(addMonths(month(), -1))}
          data-testid="calendar-earlier"
        />
        <IconButton
          icon="chevron-down"
          label={t('calendar-later')}
          disabled={props.max !== undefined && end() >= midnight(props.max)}
          onClick={() => setMonth(addMonths(month(), 1))}
          data-testid="calendar-later"
        />
      </div>
      <div class={s.week} aria-hidden="true">
        <For each={weekdays()}>{(name) => <span class={s.weekday}>{name}</span>}</For>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the days in it are buttons; arrow keys move between them */}
      <div class={s.weeks} ref={grid} onKeyDown={move}>
        <For each={weeks()}>
          {(week) => (
            <div class={s.week}>
              <For each={week}>
                {(day) => (
                  <Show when={day} fallback={<span class={s.none} />}>
                    {(date) => (
                      <button
                        type="button"
                        class={s.day}
                        data-day={date()}
                        data-today={date() === today}
                        data-marked={props.marked?.has(date())}
                        data-testid="calendar-day"
                        aria-label={dayText(date())}
                        aria-pressed={date() === props.value}
                        autofocus={date() === props.value}
                        disabled={!allowed(date())}
                        tabIndex={date() === entry() ? 0 : -1}
                        onClick={() => props.onPick(date())}
                      >
                        {new Date(date()).getDate()}
                      </button>
                    )}
                  </Show>
                )}
              </For>
            </div>
          )}
        </For>
      </div>
    </div>
  );
}
