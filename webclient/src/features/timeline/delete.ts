import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, RoomId, TimelineItem } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { stopPicking } from '../../store/messages-ui';
import { me } from '../../store/people';
import { choose } from '../../ui/choice';
import { toast } from '../../ui/toast';

/** Ask how to delete: for everyone where that is allowed for all of them, else from my own sight. */
export function askDelete({ state, commands }: Client, roomId: RoomId, items: readonly TimelineItem[]): void {
  const room = state.rooms[roomId];
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const ids = items.flatMap((item) => item.eventId ?? []);
  const isOpen = (item: TimelineItem) => item.kind !== 'redacted' && item.kind !== 'service';
  const forAll =
    room?.membership === 'join' &&
    items.every((item) => isOpen(item) && (item.sender === me(state) || room.my.redactOthers));
  const everyone = () => {
    stopPicking();
    for (const id of ids) void commands.redact(roomId, id).catch(tell);
  };
  const mine = () => {
    stopPicking();
    void commands.hide(roomId, ids).catch(tell);
  };
  choose({
    title: items.length > 1 ? t('message-delete-many', { count: items.length }) : t('message-delete-title'),
    no: t('composer-cancel'),
    choices: [
      ...(forAll ? [{ id: 'everyone', label: t('message-delete-everyone'), danger: true, run: everyone }] : []),
      { id: 'me', label: t('message-delete-me'), danger: !forAll, run: mine },
    ],
  });
}
