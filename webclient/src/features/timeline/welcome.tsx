import { Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { goTo } from '../../store/ui';
import { Button } from '../../ui/button';
import { toast } from '../../ui/toast';
import s from './welcome.module.css';

const wave = '👋';

/** In a chat in which nobody has said anything: a greeting with one press, and what a group is about. */
export function Welcome(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const room = () => state.rooms[props.roomId];
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const maySay = () => room()?.membership === 'join' && room()?.my.sendMessages && !room()?.encrypted;
  const greet = () => void commands.sendMessage(props.roomId, { text: wave }).catch(tell);
  const address = () => (room()?.kind === 'group' ? room()?.group.alias : '') ?? '';
  const share = () => {
    const link = `https://matrix.to/#/${encodeURIComponent(address()).replaceAll('%3A', ':')}`;
    void navigator.clipboard.writeText(link).then(() => toast(t('message-copied')), tell);
  };
  return (
    <div class={s.place}>
      <section class={s.card} data-testid="welcome" aria-label={t('chat-empty-title')}>
        <Show when={maySay() && !room()?.saved}>
          <button
            type="button"
            class={s.wave}
            aria-label={t('welcome-wave')}
            data-testid="welcome-wave"
            onClick={greet}
          >
            {wave}
          </button>
        </Show>
        <p class={s.title}>{room()?.kind === 'group' && !room()?.saved ? room()?.name : t('chat-empty-title')}</p>
        <p class={s.hint}>{room()?.topic || t(room()?.saved ? 'welcome-saved' : 'chat-empty-hint')}</p>
        <Show when={address() !== ''}>
          <Button kind="light" onClick={share} data-testid="welcome-share">
            {t('welcome-share')}
          </Button>
        </Show>
        <Show when={room()?.kind === 'group' && !room()?.saved && room()?.my.invite}>
          <Button kind="light" onClick={() => goTo(props.roomId, true)} data-testid="welcome-invite">
            {t('welcome-invite')}
          </Button>
        </Show>
      </section>
    </div>
  );
}
