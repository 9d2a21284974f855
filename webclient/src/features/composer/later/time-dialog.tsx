import { createSignal } from 'solid-js';
import { t } from '../../../i18n';
import { clockTime, dayLabel } from '../../../i18n/dates';
import { addDays, midnight } from '../../../model/calendar';
import { type AskedTime, setAskedTime } from '../../../store/scheduled';
import { Button } from '../../../ui/button';
import { Calendar } from '../../../ui/calendar';
import { now } from '../../../ui/clock';
import { Dialog } from '../../../ui/dialog';
import { Field } from '../../../ui/field';
import s from './later.module.css';
import { nextHour, timeOn } from './time';

/** The server keeps messages for a month. */
const days_most = 30;

/** Asks on which day and at what time something is to be sent. */
export function TimeDialog(props: { asked: AskedTime }) {
  const first = props.asked.at ?? nextHour(Date.now());
  const [day, setDay] = createSignal(midnight(first));
  const [time, setTime] = createSignal(clockTime(first));
  const at = () => timeOn(day(), time());
  const inTime = () => (at() ?? 0) > now();
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const chosen = at();
    if (chosen === null || !inTime()) return;
    setAskedTime(undefined);
    props.asked.done(chosen);
  };
  const words = () => {
    const when = dayLabel(day(), now());
    if (day() === midnight(now())) return t('later-send-today', { time: time() });
    return t('later-send-on', { day: when, time: time() });
  };
  return (
    <Dialog title={t('send-later')} onClose={() => setAskedTime(undefined)} testid="time-dialog">
      <form class={s.form} onSubmit={send}>
        <Calendar
          value={day()}
          min={midnight(now())}
          max={addDays(midnight(now()), days_most)}
          onPick={(picked) => setDay(picked)}
        />
        <Field
          type="time"
          label={t('later-time')}
          value={time()}
          required
          error={at() !== null && !inTime() ? t('later-past') : undefined}
          onInput={(event) => setTime(event.currentTarget.value)}
          data-testid="later-time"
        />
        <Button kind="primary" type="submit" disabled={!inTime()} data-testid="later-send">
          {words()}
        </Button>
      </form>
    </Dialog>
  );
}
