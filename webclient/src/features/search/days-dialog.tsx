import { createSignal } from 'solid-js';
import { t } from '../../i18n';
import { dayLabel } from '../../i18n/dates';
import { midnight } from '../../model/calendar';
import { Button } from '../../ui/button';
import { Calendar } from '../../ui/calendar';
import { now } from '../../ui/clock';
import { Dialog, DialogButtons } from '../../ui/dialog';
import type { Days } from './filters';
import s from './filters.module.css';

/** One day, or all from one to another: the second pick ends what the first began, the third begins anew. */
export function DaysDialog(props: { days: Days | null; onPick: (days: Days) => void; onClose: () => void }) {
  const [first, setFirst] = createSignal(props.days?.first);
  const [last, setLast] = createSignal(props.days?.last);
  const pick = (day: number) => {
    const begun = first();
    if (begun === undefined || last() !== undefined) {
      setFirst(day);
      setLast(undefined);
      return;
    }
    setFirst(Math.min(begun, day));
    setLast(Math.max(begun, day));
  };
  const chosen = () => {
    const begin = first();
    return begin === undefined ? undefined : { first: begin, last: last() ?? begin };
  };
  const words = () => {
    const days = chosen();
    if (!days) return t('filter-first');
    const [begin, end] = [dayLabel(days.first, now()), dayLabel(days.last, now())];
    return last() === undefined ? t('filter-last', { day: begin }) : t('filter-days', { first: begin, last: end });
  };
  return (
    <Dialog title={t('filter-choose')} onClose={props.onClose} narrow testid="days-dialog">
      <p class={s.range} aria-live="polite" data-testid="days-chosen">
        {words()}
      </p>
      <Calendar
        value={chosen()?.last ?? midnight(now())}
        max={midnight(now())}
        marked={new Set([chosen()?.first, chosen()?.last].filter((day) => day !== undefined))}
        onPick={pick}
      />
      <DialogButtons>
        <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
        <Button
          disabled={!chosen()}
          onClick={() => {
            const days = chosen();
            if (days) props.onPick(days);
          }}
          data-testid="days-take"
        >
          {t('filter-take')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
