import { createEffect, createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button, IconButton } from '../../ui/button';
import { ask, Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Icon, type IconName } from '../../ui/icon';
import { ScrollArea } from '../../ui/scroll-area';
import { Switch } from '../../ui/switch';
import { toast } from '../../ui/toast';
import s from './info-panel.module.css';
import { Members } from './members';

/** The right column: who and what this chat is, its members, and the way out. */
export function InfoPanel(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const [dialog, setDialog] = createSignal<'name' | 'invite'>();
  const [viewport, setViewport] = createSignal<HTMLDivElement>();
  const room = () => state.rooms[props.roomId];
  const isGroup = () => room()?.kind !== 'dm';
  const name = () => room()?.name || t('chat-empty-name');
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  createEffect(() => {
    if (!state.membersComplete[props.roomId]) void commands.loadMembers(props.roomId).catch(tell);
  });
  const leave = () =>
    ask({
      title: t('row-leave-confirm', { name: name() }),
      hint: t('row-leave-hint'),
      yes: t('row-leave'),
      no: t('new-cancel'),
      danger: true,
      answer: () => {
        const { roomId } = props;
        goTo(null);
        void commands.leave(roomId).catch(tell);
      },
    });
  const muted = () => room()?.muted ?? false;
  return (
    <aside class={s.panel} aria-label={t(isGroup() ? 'info-title' : 'info-title-person')} data-testid="info-panel">
      <header class={s.header}>
        <IconButton icon="x" label={t('info-close')} onClick={() => goTo(props.roomId)} data-testid="info-close" />
        <h2 class={s.heading}>{t(isGroup() ? 'info-title' : 'info-title-person')}</h2>
        <Show when={isGroup() && room()?.my.setName}>
          <IconButton icon="pencil" label={t('info-edit')} onClick={() => setDialog('name')} data-testid="info-edit" />
        </Show>
      </header>
      <ScrollArea viewport={setViewport} testid="info-scroll">
        <section class={s.profile}>
          <Avatar id={room()?.dmUserId ?? props.roomId} name={name()} size={120} testid="info-avatar" />
          <p class={s.name} data-testid="info-name">
            {name()}
          </p>
          <p class={s.sub}>{isGroup() ? t('chat-members', { count: room()?.joinedCount ?? 0 }) : room()?.dmUserId}</p>
        </section>
        <section class={s.section}>
          <Show when={room()?.topic}>{(topic) => <Fact icon="info" text={topic()} sub={t('info-topic')} />}</Show>
          <Fact
            icon="at-sign"
            text={room()?.dmUserId ?? props.roomId}
            sub={t(isGroup() ? 'info-id' : 'info-address')}
            onClick={() =>
              void navigator.clipboard
                .writeText(room()?.dmUserId ?? props.roomId)
                .then(() => toast(t('message-copied')), tell)
            }
          />
          <Show when={room()?.encrypted}>
            <Fact icon="lock" text={t('info-encrypted')} />
          </Show>
          <button
            type="button"
            role="switch"
            aria-checked={!muted()}
            class={s.row}
            data-testid="info-notifications"
            onClick={() => void commands.setMuted(props.roomId, !muted()).catch(tell)}
          >
            <Icon name="bell" />
            <span class={s.words}>{t('info-notifications')}</span>
            <Switch on={!muted()} />
          </button>
        </section>
        <Show when={isGroup() && viewport()}>
          {(box) => <Members roomId={props.roomId} viewport={box()} invite={() => setDialog('invite')} />}
        </Show>
        <section class={s.section}>
          <button type="button" class={s.row} data-danger="true" onClick={leave} data-testid="info-leave">
            <Icon name="log-out" />
            {t(isGroup() ? 'info-leave' : 'row-leave')}
          </button>
        </section>
      </ScrollArea>
      <Show when={dialog()} keyed>
        {(kind) => <OneField roomId={props.roomId} kind={kind} onClose={() => setDialog(undefined)} />}
      </Show>
    </aside>
  );
}

function Fact(props: { icon: IconName; text: string; sub?: string; onClick?: () => void }) {
  return (
    <button type="button" class={s.row} disabled={!props.onClick} onClick={() => props.onClick?.()}>
      <Icon name={props.icon} />
      <span class={s.words}>
        <span class={s.text}>{props.text}</span>
        <Show when={props.sub}>{(sub) => <span class={s.sub}>{sub()}</span>}</Show>
      </span>
    </button>
  );
}

/** A dialog with one line: the new name of the group, or whom to invite. */
function OneField(props: { roomId: RoomId; kind: 'name' | 'invite'; onClose: () => void }) {
  const { state, commands } = useClient();
  const [words, setWords] = createSignal(props.kind === 'name' ? (state.rooms[props.roomId]?.name ?? '') : '');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const value = () => words().trim();
  const ready = () => (props.kind === 'name' ? value() !== '' : /^@[^:\s]+:\S+$/.test(value()));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready() || busy()) return;
    setBusy(true);
    try {
      if (props.kind === 'name') await commands.setRoomName(props.roomId, value());
      else await commands.invite(props.roomId, value());
      props.onClose();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t(props.kind === 'name' ? 'info-edit' : 'info-invite-title')}
      onClose={props.onClose}
      testid="info-dialog"
    >
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={t(props.kind === 'name' ? 'info-edit-name' : 'new-address')}
          value={words()}
          error={error()}
          hint={props.kind === 'invite' ? t('new-address-hint') : undefined}
          maxLength={255}
          autocomplete="off"
          onInput={(event) => setWords(event.currentTarget.value)}
          data-testid="info-field"
        />
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={!ready() || busy()} busy={busy()} data-testid="info-submit">
            {t(props.kind === 'name' ? 'info-save' : 'info-invite')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
