import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, RoomId, TimelineItem } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { stopPicking } from '../../store/messages-ui';
import { me, nameOf } from '../../store/people';
import { viewNow } from '../../store/ui';
import { choose } from '../../ui/choice';
import { toast } from '../../ui/toast';

/** How the last one was deleted that could be so for everyone: that button comes first. */
const lastWay = 'hearth.delete';

/** Ask how to delete: for everyone where that is allowed for all of them, else from my own sight. */
export function askDelete(client: Client, roomId: RoomId, items: readonly TimelineItem[]): void {
  const { state, commands } = client;
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
  const noted = (way: 'everyone' | 'me', run: () => void) => () => {
    localStorage.setItem(lastWay, way);
    run();
  };
  const isLast = (way: string) => localStorage.getItem(lastWay) === way;
  choose({
    title: items.length > 1 ? t('message-delete-many', { count: items.length }) : t('message-delete-title'),
    no: t('composer-cancel'),
    choices: [
      ...(forAll ? eraseChoices(client, roomId, items) : []),
      ...(forAll
        ? [
            {
              id: 'everyone',
              label: t('message-delete-everyone'),
              danger: true,
              first: isLast('everyone'),
              run: noted('everyone', everyone),
            },
          ]
        : []),
      {
        id: 'me',
        label: t('message-delete-me'),
        danger: !forAll,
        first: isLast('me'),
        run: forAll ? noted('me', mine) : mine,
      },
    ],
  });
}

/** All of somebody who ranks lower: what they said that is here, and themselves. */
function eraseChoices({ state, commands }: Client, roomId: RoomId, items: readonly TimelineItem[]) {
  const room = state.rooms[roomId];
  const sender = items[0]?.sender ?? '';
  const isOne = items.every((item) => item.sender === sender);
  const lower = (room?.powers[sender] ?? room?.defaultPower ?? 0) < (room?.my.level ?? 0);
  if (!isOne || sender === me(state) || !lower || room?.kind !== 'group') return [];
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const name = nameOf(state, roomId, sender);
  const all = Object.values(state.timelines[viewNow(roomId)]?.events ?? {}).filter(
    (item) => item.sender === sender && item.kind === 'message',
  );
  const erase = () => {
    stopPicking();
    for (const { eventId } of all) if (eventId) void commands.redact(roomId, eventId).catch(tell);
  };
  const ban = () => {
    erase();
    void commands.ban(roomId, sender).catch(tell);
  };
  return [
    ...(room.my.ban ? [{ id: 'ban', label: t('message-delete-ban', { name }), danger: true, run: ban }] : []),
    ...(all.length > items.length
      ? [{ id: 'all', label: t('message-delete-all', { name, count: all.length }), danger: true, run: erase }]
      : []),
  ];
}
