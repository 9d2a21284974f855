import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Member, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Choices, SwitchRow } from '../../ui/page';
import s from './group.module.css';
import type { Asked } from './member-menu';

const day_ms = 86_400_000;

/** The question that an action on a member asks. */
export function MemberDialog(props: { roomId: RoomId; asked: Asked; onClose: () => void }) {
  return (
    <Show
      when={props.asked.kind === 'roles'}
      fallback={
        <Removal
          roomId={props.roomId}
          member={props.asked.member}
          ban={props.asked.kind === 'ban'}
          onClose={props.onClose}
        />
      }
    >
      <RolesOf roomId={props.roomId} member={props.asked.member} onClose={props.onClose} />
    </Show>
  );
}

/** Out of the group, with a reason; deletes what they said lately, if wanted. */
function Removal(props: { roomId: RoomId; member: Member; ban: boolean; onClose: () => void }) {
  const { state, commands } = useClient();
  const [reason, setReason] = createSignal('');
  const [erase, setErase] = createSignal<'none' | 'day' | 'all'>('none');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const why = reason().trim() || undefined;
      const { userId } = props.member;
      await (props.ban ? commands.ban(props.roomId, userId, why) : commands.kick(props.roomId, userId, why));
      if (erase() !== 'none') {
        const since = erase() === 'day' ? Date.now() - day_ms : 0;
        for (const eventId of await commands.messagesBy(props.roomId, userId, since)) {
          await commands.redact(props.roomId, eventId, why);
        }
      }
      props.onClose();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
      setBusy(false);
    }
  };
  const name = () => props.member.name;
  return (
    <Dialog
      title={t(props.ban ? 'info-ban-confirm' : 'info-remove-confirm', { name: name() })}
      onClose={props.onClose}
      testid="removal"
    >
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={t('removal-reason')}
          value={reason()}
          maxLength={250}
          error={error()}
          onInput={(event) => setReason(event.currentTarget.value)}
          data-testid="removal-reason"
        />
        <Show when={state.rooms[props.roomId]?.my.redactOthers}>
          <Choices
            label={t('removal-messages')}
            choices={(['none', 'day', 'all'] as const).map((id) => ({ id, text: t(`removal-${id}`) }))}
            value={erase()}
            onChange={setErase}
          />
        </Show>
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button type="submit" kind="danger" disabled={busy()} busy={busy()} data-testid="removal-yes">
            {t(props.ban ? 'info-ban' : 'info-remove')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

/** Which roles a member has. */
function RolesOf(props: { roomId: RoomId; member: Member; onClose: () => void }) {
  const { state, commands } = useClient();
  const room = () => state.rooms[props.roomId];
  const [ids, setIds] = createSignal<readonly string[]>(room()?.group.rolesOf[props.member.userId] ?? []);
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const save = async () => {
    setBusy(true);
    try {
      await commands.assignRoles(props.roomId, props.member.userId, ids());
      props.onClose();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('member-roles-of', { name: props.member.name })} onClose={props.onClose} testid="member-roles">
      <For each={room()?.group.roles?.roles ?? []}>
        {(role) => (
          <SwitchRow
            text={role.name}
            on={ids().includes(role.id)}
            disabled={role.level >= (room()?.my.level ?? 0)}
            onChange={(on) => setIds(on ? [...ids(), role.id] : ids().filter((one) => one !== role.id))}
            testid="member-role"
          />
        )}
      </For>
      <Show when={error()}>{(why) => <p role="alert">{why()}</p>}</Show>
      <DialogButtons>
        <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
        <Button disabled={busy()} busy={busy()} onClick={() => void save()} data-testid="member-roles-save">
          {t('info-save')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
