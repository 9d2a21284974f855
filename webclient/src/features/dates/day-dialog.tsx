import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { midnight } from '../../model/calendar';
import { useClient } from '../../store/context';
import { choosingDay, setChoosingDay } from '../../store/dates';
import { errorInfo } from '../../store/errors';
import { jump, route } from '../../store/ui';
import { Calendar } from '../../ui/calendar';
import { now } from '../../ui/clock';
import { Dialog } from '../../ui/dialog';
import { toast } from '../../ui/toast';

/** A calendar that leads to the first message of a day of the open chat; days of which messages are here are marked. */
export function DayDialog() {
  const { state, commands } = useClient();
  const days = () => {
    const timeline = state.timelines[route().roomId ?? ''];
    return new Set((timeline?.items ?? []).map((key) => midnight(timeline?.events[key]?.ts ?? 0)));
  };
  const close = () => setChoosingDay(undefined);
  const go = async (day: number) => {
    const { roomId } = route();
    const show = jump();
    close();
    try {
      if (roomId) await show?.(await commands.eventAt(roomId, day));
    } catch (error) {
      const info = errorInfo(error);
      toast(info.errcode === 'M_NOT_FOUND' ? t('day-none') : errorText(info));
    }
  };
  return (
    <Dialog title={t('day-title')} onClose={close} narrow testid="day-dialog">
      <Calendar
        value={midnight(choosingDay() ?? now())}
        max={midnight(now())}
        marked={days()}
        onPick={(day) => void go(day)}
      />
    </Dialog>
  );
}
