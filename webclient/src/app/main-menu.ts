/** The main menu: who I am, how the page looks, its language, and the way out. */
import { t } from '../i18n';
import type { Client } from '../store/contract';
import { setMessageList } from '../store/message-list';
import { closeAllLeft, openLeft } from '../store/pages';
import { me } from '../store/people';
import { goTo } from '../store/ui';
import { ask } from '../ui/dialog';
import { type MenuItem, openMenu } from '../ui/menu';
import { toast } from '../ui/toast';
import { lookItems } from './look-items';

/** Open the menu under its button. */
export function openMainMenu({ state, commands }: Client, at: Element): void {
  const address = me(state);
  const signOut = () => {
    goTo(null);
    closeAllLeft();
    void commands.logout();
  };
  const items: MenuItem[] = [
    {
      id: 'address',
      label: address,
      icon: 'copy',
      select: () => void navigator.clipboard.writeText(address).then(() => toast(t('message-copied'))),
    },
    { id: 'settings', label: t('settings-title'), icon: 'settings', select: () => openLeft('settings') },
    { id: 'contacts', label: t('menu-contacts'), icon: 'user', select: () => openLeft('contacts') },
    {
      id: 'saved',
      label: t('saved-title'),
      icon: 'bookmark',
      select: () =>
        void commands.openSaved().then(
          (roomId) => goTo(roomId),
          () => toast(t('error-unknown')),
        ),
    },
    {
      id: 'starred',
      label: t('starred-title'),
      icon: 'star',
      select: () => setMessageList({ kind: 'stars', roomId: null }),
    },
    { id: 'archived', label: t('list-archived'), icon: 'archive', select: () => openLeft('archive') },
    { id: 'explore', label: t('menu-explore'), icon: 'compass', select: () => openLeft('explore') },
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
