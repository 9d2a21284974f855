/** What can be done with one chat of the list. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, Room } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { setMessageList } from '../../store/message-list';
import { setReporting } from '../../store/messages-ui';
import { setChatSearch } from '../../store/pages';
import { goTo, openInTab, route } from '../../store/ui';
import { ask } from '../../ui/dialog';
import { type MenuItem, openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { toast } from '../../ui/toast';
import { askToLeave } from '../group/leave';

const hour_ms = 3_600_000;

/** Open the menu of a chat at a point or a button. */
export function openRoomMenu(client: Client, room: Room, at: Anchor): void {
  const { state, commands } = client;
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const unread = room.unread.notifications > 0 || room.unread.marked;
  const silent = room.group.notify === 'none';
  const mute = () => {
    if (silent) return void commands.setNotify(room.id, 'all').catch(tell);
    // The choice opens once this menu is gone.
    queueMicrotask(() => openMuteMenu(commands, room, at));
  };
  const copy = () => {
    // A person's own address, a group's public name, else its id.
    const address = room.dmUserId ?? (room.group.alias || room.id);
    const link = `https://matrix.to/#/${encodeURIComponent(address).replaceAll('%3A', ':').replaceAll('%40', '@')}`;
    void navigator.clipboard.writeText(link).then(() => toast(t('message-copied')), tell);
  };
  const folders: MenuItem[] = state.own.folders.map((folder) => {
    const inside = folder.include.includes(room.id);
    const include = inside ? folder.include.filter((id) => id !== room.id) : [...folder.include, room.id];
    const next = state.own.folders.map((one) => (one.id === folder.id ? { ...one, include } : one));
    return {
      id: `folder-${folder.id}`,
      label: folder.name,
      icon: 'folder',
      on: inside,
      select: () => void commands.setFolders(next).catch(tell),
    };
  });
  const items: MenuItem[] = [
    { id: 'new-tab', label: t('row-new-tab'), icon: 'copy', select: () => openInTab(room.id) },
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
    ...(room.pinned
      ? orderItems(
          state.roomOrder.filter((id) => state.rooms[id]?.pinned),
          room.id,
          commands,
          tell,
        )
      : []),
    { id: 'mute', label: t(silent ? 'row-unmute' : 'row-mute'), icon: silent ? 'bell' : 'bell-off', select: mute },
    {
      id: 'archive',
      label: t(room.lowPriority ? 'row-unarchive' : 'row-archive'),
      icon: room.lowPriority ? 'archive-restore' : 'archive',
      select: () => void commands.setArchived(room.id, !room.lowPriority).catch(tell),
    },
    ...folders,
    ...(route().roomId === room.id
      ? [{ id: 'search', label: t('search-in-chat'), icon: 'search' as const, select: () => setChatSearch(true) }]
      : []),
    ...(route().roomId === room.id
      ? [
          {
            id: 'threads',
            label: t('threads-title'),
            icon: 'messages-square' as const,
            select: () => setMessageList({ kind: 'threads', roomId: room.id }),
          },
        ]
      : []),
    ...(room.saved ? [] : [{ id: 'copy-address', label: t('row-copy-address'), icon: 'link' as const, select: copy }]),
    { id: 'info', label: t('info-title-person'), icon: 'info', select: () => goTo(room.id, true) },
    ...(room.kind === 'group' && !room.saved
      ? [
          {
            id: 'report',
            label: t('group-report'),
            icon: 'flag' as const,
            danger: true,
            select: () => setReporting({ roomId: room.id, eventId: null, sender: null }),
          },
        ]
      : []),
    {
      id: 'clear',
      label: t('row-clear'),
      icon: 'eye-off',
      danger: true,
      select: () => askToClear(client, room),
    },
    {
      id: 'leave',
      label: t('row-leave'),
      icon: 'log-out',
      danger: true,
      select: () => askToLeave(client, room),
    },
  ];
  openMenu(at, items);
}

/** Ask, then take all that was said out of my own sight. */
function askToClear({ commands }: Client, room: Room): void {
  ask({
    title: t('row-clear-confirm', { name: room.saved ? t('saved-title') : room.name || t('chat-empty-name') }),
    hint: t('row-clear-hint'),
    yes: t('row-clear'),
    no: t('new-cancel'),
    danger: true,
    answer: () => void commands.clearHistory(room.id).catch((error: unknown) => toast(errorText(errorInfo(error)))),
  });
}

function openMuteMenu(commands: Client['commands'], room: Room, at: Anchor): void {
  const set = (until?: number) => () =>
    void commands.setNotify(room.id, 'none', until).catch((error: unknown) => toast(errorText(errorInfo(error))));
  const now = Date.now();
  openMenu(at, [
    { id: 'mute-hour', label: t('mute-hour'), icon: 'clock', select: set(now + hour_ms) },
    { id: 'mute-hours', label: t('mute-hours'), icon: 'clock', select: set(now + 8 * hour_ms) },
    { id: 'mute-week', label: t('mute-week'), icon: 'clock', select: set(now + 7 * 24 * hour_ms) },
    { id: 'mute-forever', label: t('mute-forever'), icon: 'bell-off', select: set() },
    {
      id: 'mute-mentions',
      label: t('mute-mentions'),
      icon: 'at-sign',
      select: () => void commands.setNotify(room.id, 'mentions').catch(() => undefined),
    },
  ]);
}

/** Up and down among the pinned ones. */
function orderItems(
  pinned: readonly string[],
  id: string,
  commands: Client['commands'],
  tell: (error: unknown) => void,
): MenuItem[] {
  const at = pinned.indexOf(id);
  const move = (step: number) => () => {
    const next = pinned.filter((one) => one !== id);
    next.splice(at + step, 0, id);
    void commands.orderPinned(next).catch(tell);
  };
  return [
    ...(at > 0 ? [{ id: 'pin-up', label: t('order-pin-up'), icon: 'arrow-up' as const, select: move(-1) }] : []),
    ...(at < pinned.length - 1
      ? [{ id: 'pin-down', label: t('order-pin-down'), icon: 'arrow-down' as const, select: move(1) }]
      : []),
  ];
}
