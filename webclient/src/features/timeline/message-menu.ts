/** What can be done with one message. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { bodyOf } from '../../model/relations';
import type { Client, RoomId, TimelineItem } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { me } from '../../store/people';
import { replyTo, startEdit } from '../../store/ui';
import { ask } from '../../ui/dialog';
import { type MenuItem, type MenuStrip, openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { toast } from '../../ui/toast';

/** Open the menu of a message at a point of the window. */
export function openMessageMenu(client: Client, roomId: RoomId, item: TimelineItem, at: Anchor): void {
  const items = itemsFor(client, roomId, item);
  const strip = stripFor(client, roomId, item);
  if (items.length > 0) openMenu(at, items, strip ? { strip } : {});
}

const quick = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

/** Reactions at hand, where one may react: a reaction too is never sent in plain text into an encrypted room. */
function stripFor({ state, commands }: Client, roomId: RoomId, item: TimelineItem): MenuStrip | undefined {
  const room = state.rooms[roomId];
  const { eventId } = item;
  if (!eventId || item.kind !== 'message' || room?.membership !== 'join' || room.encrypted) return undefined;
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  return {
    signs: quick,
    picked: item.reactions.filter((one) => one.mine).map((one) => one.key),
    pick: (sign) => void commands.react(roomId, eventId, sign).catch(tell),
  };
}

function itemsFor({ state, commands }: Client, roomId: RoomId, item: TimelineItem): MenuItem[] {
  const room = state.rooms[roomId];
  const own = item.sender === me(state);
  const { eventId, key } = item;
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const items: MenuItem[] = [];
  const writable = room?.membership === 'join' && room.my.sendMessages && !room.encrypted;
  const readable = item.kind === 'message';
  if (item.error) {
    items.push({
      id: 'retry',
      label: t('message-retry'),
      icon: 'rotate-ccw',
      select: () => void commands.retry(roomId, key).catch(tell),
    });
  }
  if (eventId && readable && writable) {
    items.push({ id: 'reply', label: t('message-reply'), icon: 'reply', select: () => replyTo(roomId, eventId) });
    if (own && item.content.msgtype === 'm.text') {
      const body = bodyOf(item.content);
      items.push({
        id: 'edit',
        label: t('message-edit'),
        icon: 'pencil',
        select: () => startEdit(roomId, eventId, body),
      });
    }
  }
  if (readable) {
    const copy = () =>
      void navigator.clipboard.writeText(bodyOf(item.content)).then(() => toast(t('message-copied')), tell);
    items.push({ id: 'copy', label: t('message-copy'), icon: 'copy', select: copy });
  }
  if (item.error) {
    const discard = () => void commands.cancelLocal(roomId, key).catch(tell);
    items.push({ id: 'discard', label: t('message-discard'), icon: 'trash-2', danger: true, select: discard });
  } else if (eventId && item.kind !== 'redacted' && (own || room?.my.redactOthers)) {
    const redact = () =>
      ask({
        title: t('message-delete-confirm'),
        yes: t('message-delete'),
        no: t('composer-cancel'),
        danger: true,
        answer: () => void commands.redact(roomId, eventId).catch(tell),
      });
    items.push({ id: 'delete', label: t('message-delete'), icon: 'trash-2', danger: true, select: redact });
  }
  return items;
}
