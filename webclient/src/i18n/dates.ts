/** Times and dates as the chat list, the bubbles and the day pills show them. All times are ms since the epoch. */
import { createSignal } from 'solid-js';
import { startOfDay } from '../model/grouping';
import { language, t } from './index';

const day_ms = 86_400_000;
const stored = 'hearth.hours';

const [hours, setHoursSignal] = createSignal<12 | 24>(globalThis.localStorage?.getItem(stored) === '12' ? 12 : 24);

/** Hours of a day as clocks are read: 14:02, or 2:02 pm. */
export { hours };

export function setHours(next: 12 | 24): void {
  setHoursSignal(next);
  localStorage.setItem(stored, String(next));
}

const clock = (): Intl.DateTimeFormatOptions =>
  hours() === 24
    ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
    : { hour: 'numeric', minute: '2-digit', hourCycle: 'h12' };

function format(ts: number, options: Intl.DateTimeFormatOptions): string {
  const key = `${language()}${JSON.stringify(options)}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(language() === 'en' ? 'en-GB' : language(), options);
    formatters.set(key, formatter);
  }
  return formatter.format(ts);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** 14:02 */
export const clockTime = (ts: number): string => format(ts, clock());

/** Chat list: today 14:02; this week Mon; this year 12 Mar; else 12.03.25. */
export function listTime(ts: number, now: number): string {
  const today = startOfDay(now);
  if (ts >= today) return clockTime(ts);
  if (ts >= today - 6 * day_ms) return format(ts, { weekday: 'short' });
  if (new Date(ts).getFullYear() === new Date(now).getFullYear()) return format(ts, { day: 'numeric', month: 'short' });
  const date = new Date(ts);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(date.getDate())}.${two(date.getMonth() + 1)}.${two(date.getFullYear() % 100)}`;
}

/** Day pill: Today, Yesterday, 12 March, 12 March 2025. */
export function dayLabel(ts: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(ts)) / day_ms);
  if (days === 0) return t('chat-today');
  if (days === 1) return t('chat-yesterday');
  const sameYear = new Date(ts).getFullYear() === new Date(now).getFullYear();
  return format(ts, { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** March 2025: above a calendar. */
export const monthText = (ts: number): string => format(ts, { month: 'long', year: 'numeric' });

/** Wednesday, 12 March 2025: a day of a calendar for those who hear it. */
export const dayText = (ts: number): string =>
  format(ts, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/** Short names of the days of a week, from Monday on. */
export const weekdays = (): string[] =>
  Array.from({ length: 7 }, (_, at) => format(new Date(2024, 0, 1 + at).getTime(), { weekday: 'short' }));

/** 12 Mar, 14:02: for tooltips and "last seen". */
export const dateAndTime = (ts: number): string => format(ts, { day: 'numeric', month: 'short', ...clock() });

/** 30 seconds, 5 minutes, 1 hour: in the largest unit that it is a whole number of. */
export function lengthText(seconds: number): string {
  const [unit, value] =
    seconds % 3600 === 0
      ? (['hour', seconds / 3600] as const)
      : seconds % 60 === 0
        ? (['minute', seconds / 60] as const)
        : (['second', seconds] as const);
  return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}
