/** The way out of a chat; whoever alone can lead a group says first what becomes of it. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, MirrorState, Room } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeAllRight, hasFeature } from '../../store/pages';
import { me } from '../../store/people';
import { goTo, route } from '../../store/ui';
import { choose } from '../../ui/choice';
import { ask } from '../../ui/dialog';
import { toast } from '../../ui/toast';

const owner_level = 100;

/** Whether nobody else could lead the group once I am gone. */
export function isLastOwner(state: MirrorState, room: Room): boolean {
  if (room.kind !== 'group' || room.saved || room.my.level < owner_level || room.joinedCount < 2) return false;
  return !Object.entries(room.powers).some(([id, level]) => id !== me(state) && level >= owner_level);
}

/** Ask, then leave. */
export function askToLeave({ state, commands }: Client, room: Room): void {
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const name = room.name || t('chat-empty-name');
  const away = () => {
    closeAllRight();
    if (route().roomId === room.id) goTo(null);
  };
  const leave = () => {
    away();
    void commands.leave(room.id).catch(tell);
  };
  if (!isLastOwner(state, room)) {
    ask({
      title: t('row-leave-confirm', { name }),
      hint: t('row-leave-hint'),
      yes: t('row-leave'),
      no: t('new-cancel'),
      danger: true,
      answer: leave,
    });
    return;
  }
  const close = () => void commands.closeGroup(room.id).then(away, tell);
  const handOver = () => {
    goTo(room.id, true);
    toast(t('leave-hand-over-hint'));
  };
  choose({
    title: t('leave-last-owner', { name }),
    no: t('new-cancel'),
    choices: [
      { id: 'hand-over', label: t('leave-hand-over'), run: handOver },
      ...(hasFeature('close_room') ? [{ id: 'close', label: t('group-close'), danger: true, run: close }] : []),
      { id: 'leave', label: t('leave-anyway'), danger: true, run: leave },
    ],
  });
}
