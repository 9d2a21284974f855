import { onCleanup, onMount } from 'solid-js';
import { Composer } from '../features/composer/composer';
import { ThreadTimeline } from '../features/timeline/timeline';
import { t } from '../i18n';
import { errorText } from '../i18n/words';
import { viewId } from '../model/view-ids';
import { useClient } from '../store/context';
import type { EventId, RoomId } from '../store/contract';
import { errorInfo } from '../store/errors';
import { goTo } from '../store/ui';
import { IconButton } from '../ui/button';
import { keepFocus } from '../ui/focus';
import { type MenuItem, openMenu } from '../ui/menu';
import { toast } from '../ui/toast';
import s from './thread.module.css';
import { Wallpaper } from './wallpaper';

/** A thread, over its chat: a head with the way back, the answers, and where one writes the next. */
export function Thread(props: { roomId: RoomId; root: EventId }) {
  const { state, commands } = useClient();
  const view = viewId(props.roomId, props.root);
  let box!: HTMLElement;
  keepFocus(() => box);
  onMount(() => {
    void commands.openRoom(view).catch(() => undefined);
    onCleanup(() => void commands.closeRoom(view).catch(() => undefined));
  });
  const count = () => {
    const timeline = state.timelines[view];
    return timeline ? Object.values(timeline.events).find((item) => item.eventId === props.root)?.thread?.count : 0;
  };
  const how = () => state.own.threads[props.root] ?? null;
  const menu = (at: Element) => {
    const row = (id: 'all' | 'none' | null, label: string): MenuItem => ({
      id: `thread-${id ?? 'chat'}`,
      label,
      icon: id === 'none' ? 'bell-off' : id === 'all' ? 'bell' : 'message-circle',
      on: how() === id,
      select: () =>
        void commands
          .setThreadNotify(props.roomId, props.root, id)
          .catch((error: unknown) => toast(errorText(errorInfo(error)))),
    });
    openMenu(at, [row('all', t('thread-follow')), row(null, t('thread-as-chat')), row('none', t('thread-mute'))], {
      placement: 'bottom-end',
    });
  };
  return (
    <section ref={box} class={s.thread} aria-label={t('thread-title')} data-testid="thread">
      <Wallpaper />
      <header class={s.head}>
        <IconButton
          icon="arrow-left"
          label={t('page-back')}
          onClick={() => goTo(props.roomId)}
          data-testid="thread-back"
        />
        <span class={s.words}>
          <h2 class={s.title}>{t('thread-title')}</h2>
          <span class={s.sub} data-testid="thread-count">
            {t('thread-count', { count: count() ?? 0 })} · {state.rooms[props.roomId]?.name}
          </span>
        </span>
        <IconButton
          icon={how() === 'none' ? 'bell-off' : 'bell'}
          label={t('thread-notify')}
          onClick={(event) => menu(event.currentTarget)}
          data-testid="thread-notify"
        />
      </header>
      <ThreadTimeline roomId={props.roomId} root={props.root} />
      <Composer roomId={props.roomId} thread={props.root} />
    </section>
  );
}
