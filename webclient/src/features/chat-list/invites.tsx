import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { nameOf } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
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
      if (open) goTo(roomId);
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class={s.invite} data-testid="invite" data-room={props.roomId}>
      <Avatar id={room()?.dmUserId ?? props.roomId} name={name()} size={54} />
      <div class={s.words}>
        <p class={s.title}>{name()}</p>
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
        </div>
      </div>
    </div>
  );
}
