import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { browseSpace } from '../../store/pages';
import { nameOf } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button, IconButton } from '../../ui/button';
import { openMenu } from '../../ui/menu';
import { toast } from '../../ui/toast';
import s from './invites.module.css';

/** Rooms I am invited to, above the chats. */
export function Invites() {
  const { state } = useClient();
  return (
    <Show when={state.invites.length > 0}>
      <section class={s.section} data-testid="invites">
        <h2 class={s.caption}>{t('list-invites')}</h2>
        <For each={state.invites}>{(id) => <Invite roomId={id} />}</For>
      </section>
    </Show>
  );
}

function Invite(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const [busy, setBusy] = createSignal(false);
  const room = () => state.rooms[props.roomId];
  const inviter = () => room()?.inviter ?? undefined;
  const name = () => room()?.name || t('chat-empty-name');
  const answer = async (work: () => Promise<unknown>, open: boolean) => {
    const roomId = props.roomId;
    setBusy(true);
    try {
      await work();
      if (open && room()?.kind === 'space') browseSpace(roomId);
      else if (open) goTo(roomId);
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  /** Decline, and see nothing more of who invited me; tell the server's admins, if wanted. */
  const refuse = (report: boolean) =>
    answer(async () => {
      const userId = inviter();
      if (userId === undefined) return;
      if (report) await commands.reportUser(userId, t('invite-report-reason'));
      await commands.setBlocked(userId, true);
      await commands.leave(props.roomId);
    }, false);
  const more = (at: Element) =>
    openMenu(at, [
      { id: 'invite-block', label: t('invite-block'), icon: 'ban', danger: true, select: () => void refuse(false) },
      { id: 'invite-report', label: t('invite-report'), icon: 'flag', danger: true, select: () => void refuse(true) },
    ]);
  return (
    <div class={s.invite} data-testid="invite" data-room={props.roomId}>
      <Avatar id={room()?.dmUserId ?? props.roomId} name={name()} photo={room()?.avatar} size={54} />
      <div class={s.words}>
        <p class={s.title}>{room()?.kind === 'space' ? t('list-invite-space', { name: name() }) : name()}</p>
        <p class={s.from}>
          <Show when={inviter()} fallback={t('list-invited')}>
            {(id) => <span title={id()}>{t('list-invited-by', { name: nameOf(state, props.roomId, id()) })}</span>}
          </Show>
        </p>
        <div class={s.buttons}>
          <Button
            disabled={busy()}
            onClick={() => void answer(() => commands.join(props.roomId), true)}
            data-testid="invite-accept"
          >
            {t('list-accept')}
          </Button>
          <Button
            kind="danger"
            disabled={busy()}
            onClick={() => void answer(() => commands.leave(props.roomId), false)}
            data-testid="invite-decline"
          >
            {t('list-decline')}
          </Button>
          <Show when={inviter()}>
            <IconButton
              icon="ellipsis-vertical"
              label={t('chat-menu')}
              onClick={(event) => more(event.currentTarget)}
              data-testid="invite-more"
            />
          </Show>
        </div>
      </div>
    </div>
  );
}
