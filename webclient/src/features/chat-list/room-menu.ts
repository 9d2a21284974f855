/** What can be done with one chat of the list. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, Room } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { goTo, route } from '../../store/ui';
import { ask } from '../../ui/dialog';
import { openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { toast } from '../../ui/toast';

/** Open the menu of a chat at a point or a button. */
export function openRoomMenu({ commands }: Client, room: Room, at: Anchor): void {
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const unread = room.unread.notifications > 0 || room.unread.marked;
  const leave = () => {
    if (route().roomId === room.id) goTo(null);
    void commands.leave(room.id).catch(tell);
  };
  openMenu(at, [
    {
      id: 'read',
      label: t(unread ? 'row-mark-read' : 'row-mark-unread'),
      icon: 'message-circle',
      select: () => void (unread ? commands.markRead(room.id) : commands.markUnread(room.id, true)).catch(tell),
    },
    {
      id: 'pin',
      label: t(room.pinned ? 'row-unpin' : 'row-pin'),
      icon: 'pin',
      select: () => void commands.setPinned(room.id, !room.pinned).catch(tell),
    },
    {
      id: 'mute',
      label: t(room.muted ? 'row-unmute' : 'row-mute'),
      icon: 'bell-off',
      select: () => void commands.setMuted(room.id, !room.muted).catch(tell),
    },
    { id: 'info', label: t('info-title-person'), icon: 'info', select: () => goTo(room.id, true) },
    {
      id: 'leave',
      label: t('row-leave'),
      icon: 'log-out',
      danger: true,
      select: () =>
        ask({
          title: t('row-leave-confirm', { name: room.name || t('chat-empty-name') }),
          hint: t('row-leave-hint'),
          yes: t('row-leave'),
          no: t('new-cancel'),
          danger: true,
          answer: leave,
        }),
    },
  ]);
}
