import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId, UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import type { Typed } from '../../ui/phone/numbers';
import s from './group.module.css';
import { inviteNumbers } from './invite-numbers';
import { PeoplePicker } from './people-picker';

/** Whom to invite into a group; says who could not be invited, and why. */
export function InviteDialog(props: { roomId: RoomId; onClose: () => void }) {
  const { state, commands } = useClient();
  const [picked, setPicked] = createSignal<readonly UserId[]>([]);
  const [numbers, setNumbers] = createSignal<readonly Typed[]>([]);
  const [refused, setRefused] = createSignal<readonly { who: string; why: string }[]>([]);
  const [busy, setBusy] = createSignal(false);
  const isIn = (userId: UserId) => ['join', 'invite'].includes(state.members[props.roomId]?.[userId]?.membership ?? '');
  const submit = async () => {
    setBusy(true);
    setRefused([]);
    const left: UserId[] = [];
    for (const userId of picked()) {
      await commands.invite(props.roomId, userId).catch((error: unknown) => {
        const info = errorInfo(error);
        const why = info.errcode === 'M_INVITE_BLOCKED' ? t('invite-blocked') : errorText(info);
        setRefused((before) => [...before, { who: userId, why }]);
        left.push(userId);
      });
    }
    const numbersLeft = await inviteNumbers(commands, props.roomId, numbers(), (who, why) =>
      setRefused((before) => [...before, { who, why }]),
    );
    setBusy(false);
    setPicked(left);
    setNumbers(numbersLeft);
    if (refused().length === 0) props.onClose();
  };
  return (
    <Dialog title={t('info-invite-title')} onClose={props.onClose} testid="invite-dialog">
      <div class={s.form}>
        <PeoplePicker
          picked={picked()}
          without={isIn}
          onChange={setPicked}
          numbers={numbers()}
          onNumbers={setNumbers}
        />
        <Show when={refused().length > 0}>
          <ul role="alert" data-testid="invite-refused">
            <For each={refused()}>{(one) => <li>{`${one.who}: ${one.why}`}</li>}</For>
          </ul>
        </Show>
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button
            disabled={picked().length + numbers().length === 0 || busy()}
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
