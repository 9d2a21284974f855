/** The main menu: who I am, how the page looks, its language, and the way out. */
import { language, languages, setLanguage, t } from '../i18n';
import type { Client } from '../store/contract';
import { me } from '../store/people';
import { goTo } from '../store/ui';
import { ask } from '../ui/dialog';
import { type MenuItem, openMenu } from '../ui/menu';
import { toast } from '../ui/toast';
import { isDark, setTheme, theme } from './theme';

/** Open the menu under its button. */
export function openMainMenu({ state, commands }: Client, at: Element): void {
  const address = me(state);
  const signOut = () => {
    goTo(null);
    void commands.logout();
  };
  const items: MenuItem[] = [
    {
      id: 'address',
      label: address,
      icon: 'copy',
      select: () => void navigator.clipboard.writeText(address).then(() => toast(t('message-copied'))),
    },
    ...lookItems(),
    {
      id: 'sign-out',
      label: t('menu-sign-out'),
      icon: 'log-out',
      danger: true,
      select: () =>
        ask({
          title: t('menu-sign-out-confirm', { address }),
          yes: t('menu-sign-out'),
          no: t('new-cancel'),
          danger: true,
          answer: signOut,
        }),
    },
  ];
  openMenu(at, items);
}

/** Night mode, the system's choice, and the other languages: also before anyone is signed in. */
export function lookItems(): MenuItem[] {
  const auto = theme() === 'auto';
  const others = languages.filter((one) => one.code !== language());
  return [
    {
      id: 'night',
      label: t('menu-night'),
      icon: 'moon',
      on: isDark(),
      select: () => setTheme(isDark() ? 'light' : 'dark'),
    },
    {
      id: 'auto',
      label: t('menu-theme-auto'),
      icon: 'sun',
      on: auto,
      select: () => setTheme(auto ? (isDark() ? 'dark' : 'light') : 'auto'),
    },
    ...others.map(
      (one): MenuItem => ({
        id: `language-${one.code}`,
        label: one.name,
        icon: 'languages',
        select: () => void setLanguage(one.code),
      }),
    ),
  ];
}
