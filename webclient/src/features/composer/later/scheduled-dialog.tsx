import { createEffect, For, onMount, Show } from 'solid-js';
import { t } from '../../../i18n';
import { clockTime, dayLabel } from '../../../i18n/dates';
import { errorText, previewText } from '../../../i18n/words';
import { useClient } from '../../../store/context';
import type { RoomId, Scheduled } from '../../../store/contract';
import { errorInfo } from '../../../store/errors';
import { loadScheduled, scheduledIn, sendNow, setAskedTime, setListedScheduled } from '../../../store/scheduled';
import { IconButton } from '../../../ui/button';
import { now } from '../../../ui/clock';
import { Dialog } from '../../../ui/dialog';
import { Icon } from '../../../ui/icon';
import { toast } from '../../../ui/toast';
import s from './later.module.css';

/** Messages of a chat that wait for their time, and what can be done with each. */
export function ScheduledDialog(props: { roomId: RoomId }) {
  const { commands } = useClient();
  const all = () => scheduledIn(props.roomId);
  const close = () => setListedScheduled(undefined);
  onMount(() => void loadScheduled(commands).catch(() => undefined));
  createEffect(() => {
    if (all().length === 0) close();
  });
  const change = (work: Promise<void>) =>
    void work
      .catch((error: unknown) => toast(errorText(errorInfo(error))))
      .then(() => loadScheduled(commands))
      .catch(() => undefined);
  const again = (one: Scheduled) =>
    setAskedTime({ at: one.at, done: (time) => change(commands.reschedule(one.id, time)) });
  return (
    <Dialog title={t('later-title')} onClose={close} testid="scheduled-dialog">
      <ul class={s.list}>
        <For each={all()}>
          {(one, at) => (
            <li>
              <Show when={dayLabel(one.at, now()) !== dayLabel(all()[at() - 1]?.at ?? 0, now())}>
                <p class={s.day}>{dayLabel(one.at, now())}</p>
              </Show>
              <div class={s.line} data-testid="scheduled-message">
                <IconButton
                  icon="trash-2"
                  label={t('message-delete')}
                  onClick={() => change(commands.cancelScheduled(one.id))}
                  data-testid="later-cancel"
                />
                <IconButton
                  icon="calendar"
                  label={t('later-again')}
                  onClick={() => again(one)}
                  data-testid="later-again"
                />
                <IconButton
                  icon="send-horizontal"
                  label={t('later-now')}
                  onClick={() => change(sendNow(commands, one.id))}
                  data-testid="later-now"
                />
                <div class={s.bubble}>
                  <span class={s.text} dir="auto">
                    {previewText(one.body)}
                  </span>
                  <span class={s.time}>
                    <Icon name="clock" size={16} />
                    {clockTime(one.at)}
                  </span>
                </div>
              </div>
            </li>
          )}
        </For>
      </ul>
    </Dialog>
  );
}
