/** What can be done with a space that one is in. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeAllLeft } from '../../store/pages';
import { ask } from '../../ui/dialog';
import { openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { toast } from '../../ui/toast';

/** Open the menu of a space at a button. */
export function openSpaceMenu({ state, commands }: Client, id: RoomId, at: Anchor): void {
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const space = state.rooms[id];
  const { order, hidden } = state.own.tabs;
  const isShown = !hidden.includes(id);
  const show = () =>
    void commands
      .setTabs({ order, hidden: isShown ? [...hidden, id] : hidden.filter((one) => one !== id) })
      .catch(tell);
  const copy = () => {
    const address = encodeURIComponent(space?.group.alias || id).replaceAll('%3A', ':');
    void navigator.clipboard.writeText(`https://matrix.to/#/${address}`).then(() => toast(t('message-copied')), tell);
  };
  const leave = () => {
    closeAllLeft();
    void commands.leave(id).catch(tell);
  };
  openMenu(at, [
    { id: 'space-tab', label: t('space-tab'), icon: 'folder', on: isShown, select: show },
    { id: 'space-copy', label: t('row-copy-address'), icon: 'link', select: copy },
    {
      id: 'space-leave',
      label: t('space-leave'),
      icon: 'log-out',
      danger: true,
      select: () =>
        ask({
          title: t('row-leave-confirm', { name: space?.name ?? '' }),
          hint: t('space-leave-hint'),
          yes: t('space-leave'),
          no: t('new-cancel'),
          danger: true,
          answer: leave,
        }),
    },
  ]);
}
