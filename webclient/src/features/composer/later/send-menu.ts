/** Other ways to send what is written: without a sound, or later. */
import { t } from '../../../i18n';
import { clockTime, dayLabel } from '../../../i18n/dates';
import type { Commands, MessageDraft, RoomId } from '../../../store/contract';
import { hasFeature } from '../../../store/pages';
import { loadScheduled, maySchedule, setAskedTime } from '../../../store/scheduled';
import { now } from '../../../ui/clock';
import { type MenuItem, openMenu } from '../../../ui/menu';
import { toast } from '../../../ui/toast';

/** How something is sent: at a time, ms, or at once; with or without a sound where it is told. */
export interface SendHow {
  readonly silent?: true;
  readonly at?: number;
}

export function openSendMenu(at: Element, send: (how: SendHow) => void): void {
  const items: MenuItem[] = [];
  if (hasFeature('silent')) {
    const select = () => send({ silent: true });
    items.push({ id: 'send-silent', label: t('send-silent'), icon: 'bell-off', select });
  }
  if (maySchedule()) {
    const select = () => setAskedTime({ done: (time) => send({ at: time }) });
    items.push({ id: 'send-later', label: t('send-later'), icon: 'clock', select });
  }
  if (items.length > 0) openMenu(at, items, { placement: 'top-end' });
}

/** Has a message sent at a time, and says so. */
export async function schedule(commands: Commands, roomId: RoomId, draft: MessageDraft, at: number): Promise<void> {
  await commands.scheduleMessage(roomId, draft, at);
  toast(t('later-done', { day: dayLabel(at, now()), time: clockTime(at) }));
  await loadScheduled(commands).catch(() => undefined);
}
