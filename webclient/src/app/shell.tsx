import { createEffect, createMemo, lazy, Match, on, onCleanup, onMount, Switch, untrack } from 'solid-js';
import { t } from '../i18n';
import { useClient } from '../store/context';
import { forgetWritings } from '../store/ui';
import { IconButton } from '../ui/button';
import { QuestionHost } from '../ui/dialog';
import { MenuHost, openMenu } from '../ui/menu';
import { untilThere } from '../ui/parts';
import { Spinner } from '../ui/spinner';
import { ToastHost } from '../ui/toast';
import { TooltipHost } from '../ui/tooltip';
import { Guarded } from './errors';
import { lookItems } from './look-items';
import s from './shell.module.css';
import { Wallpaper } from './wallpaper';

const title_ms = 300;

/** With the texts that only they need. */
const loadColumns = async () => (await Promise.all([import('./columns'), import('../i18n/more')]))[0];
const Columns = lazy(async () => ({ default: (await untilThere(loadColumns)).Columns }));
const loadAuth = () => import('../features/auth/auth-screen');
const AuthScreen = lazy(async () => ({ default: (await untilThere(loadAuth)).AuthScreen }));

/** The whole page: the cards for coming in, or the columns. */
export function Shell() {
  const { state, commands } = useClient();
  const phase = () => state.session.phase;
  const visible = () => void commands.setVisible(document.visibilityState === 'visible').catch(() => undefined);
  onMount(() => {
    document.addEventListener('visibilitychange', visible);
    onCleanup(() => document.removeEventListener('visibilitychange', visible));
  });
  createEffect(() => {
    if (phase() === 'signedOut') forgetWritings();
  });
  const unread = createMemo(() =>
    Object.values(state.rooms).reduce((sum, room) => sum + (room.muted ? 0 : room.unread.notifications), 0),
  );
  // A new title goes through the whole browser: many messages a second change it a few times.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    markUnread(untrack(unread));
  };
  createEffect(
    on(unread, () => {
      timer ??= setTimeout(tell, title_ms);
    }),
  );
  onCleanup(() => clearTimeout(timer));
  return (
    <>
      <Switch>
        <Match when={phase() === 'loading'}>
          <div class={s.loading}>
            <Spinner size={40} />
          </div>
        </Match>
        <Match when={phase() === 'signedIn'}>
          <Columns />
        </Match>
        <Match when={true}>
          <SignedOut />
        </Match>
      </Switch>
      <MenuHost />
      <QuestionHost />
      <ToastHost />
      <TooltipHost />
    </>
  );
}

/** The number in the title; the sign of the page in the tab gets a dot, that of the installed page the number. */
function markUnread(count: number): void {
  document.title = count > 0 ? `(${count}) ${t('app-name')}` : t('app-name');
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const wanted = count > 0 ? '/icon-unread.svg' : '/icon.svg';
  if (icon && icon.getAttribute('href') !== wanted) icon.href = wanted;
  void navigator.setAppBadge?.(count).catch(() => undefined);
}

function SignedOut() {
  // Whoever signs in now will want the columns next; but first the form is to be here, with its fonts.
  onMount(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    void Promise.all([AuthScreen.preload(), document.fonts.ready]).then(() => {
      timer = setTimeout(() => void loadColumns().catch(() => undefined), 1000);
    });
    onCleanup(() => clearTimeout(timer));
  });
  return (
    <div class={s.signedOut}>
      <Wallpaper />
      <div class={s.corner}>
        <IconButton
          icon="sun-moon"
          label={t('menu-appearance')}
          onClick={(event) => openMenu(event.currentTarget, lookItems(), { placement: 'bottom-end' })}
          data-testid="appearance"
        />
      </div>
      <Guarded>
        <AuthScreen />
      </Guarded>
    </div>
  );
}
