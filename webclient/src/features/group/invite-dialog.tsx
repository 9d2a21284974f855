import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId, UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import s from './group.module.css';
import { PeoplePicker } from './people-picker';

/** Whom to invite into a group; says who could not be invited, and why. */
export function InviteDialog(props: { roomId: RoomId; onClose: () => void }) {
  const { state, commands } = useClient();
  const [picked, setPicked] = createSignal<readonly UserId[]>([]);
  const [refused, setRefused] = createSignal<readonly { userId: UserId; why: string }[]>([]);
  const [busy, setBusy] = createSignal(false);
  const isIn = (userId: UserId) => ['join', 'invite'].includes(state.members[props.roomId]?.[userId]?.membership ?? '');
  const submit = async () => {
    setBusy(true);
    const failures: { userId: UserId; why: string }[] = [];
    for (const userId of picked()) {
      await commands.invite(props.roomId, userId).catch((error: unknown) => {
        const info = errorInfo(error);
        failures.push({ userId, why: info.errcode === 'M_INVITE_BLOCKED' ? t('invite-blocked') : errorText(info) });
      });
    }
    setBusy(false);
    if (failures.length === 0) return props.onClose();
    setRefused(failures);
    setPicked(failures.map((one) => one.userId));
  };
  return (
    <Dialog title={t('info-invite-title')} onClose={props.onClose} testid="invite-dialog">
      <div class={s.form}>
        <PeoplePicker picked={picked()} without={isIn} onChange={setPicked} />
        <Show when={refused().length > 0}>
          <ul role="alert" data-testid="invite-refused">
            <For each={refused()}>{(one) => <li>{`${one.userId}: ${one.why}`}</li>}</For>
          </ul>
        </Show>
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button
            disabled={picked().length === 0 || busy()}
            busy={busy()}
            onClick={() => void submit()}
            data-testid="invite-submit"
          >
            {t('info-invite')}
          </Button>
        </DialogButtons>
      </div>
    </Dialog>
  );
}
