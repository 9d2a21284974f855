/** What can be done with a member of a group. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Client, Member, Role, Room } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { openPerson } from '../../store/messages-ui';
import { hasFeature } from '../../store/pages';
import { goTo } from '../../store/ui';
import { type MenuItem, openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { toast } from '../../ui/toast';

/** What asks for more than one press: handled by the panel's dialogs. */
export type Asked =
  | { readonly kind: 'kick' | 'ban'; readonly member: Member }
  | { readonly kind: 'roles'; readonly member: Member };

const hour_ms = 3_600_000;

export const rolesOf = (room: Room, userId: string): readonly Role[] => {
  const ids = room.group.rolesOf[userId] ?? [];
  return (room.group.roles?.roles ?? []).filter((role) => ids.includes(role.id));
};

export const isMuted = (room: Room, userId: string): boolean =>
  (room.group.mutedUntil[userId] ?? 0) > Date.now() && (room.powers[userId] ?? 0) < 0;

export function memberActions(
  { commands }: Client,
  room: Room,
  member: Member,
  ask: (asked: Asked) => void,
  at: Anchor,
): MenuItem[] {
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const { userId } = member;
  /** Every server knows these three; roles of ours are made of such levels. */
  const rank = () => {
    const set = (level: number) => () => void commands.setPower(room.id, userId, level).catch(tell);
    const ranks = [
      { id: 'rank-100', label: t('info-role-owner'), icon: 'crown' as const, level: 100 },
      { id: 'rank-50', label: t('info-role-moderator'), icon: 'shield' as const, level: 50 },
      { id: 'rank-0', label: t('member-rank-none'), icon: 'user' as const, level: room.defaultPower },
    ];
    // The choice opens once this menu is gone.
    queueMicrotask(() =>
      openMenu(
        at,
        ranks
          .filter((one) => one.level <= room.my.level)
          .map(({ level, ...one }) => ({
            ...one,
            icon: level === member.power ? 'check' : one.icon,
            select: set(level),
          })),
      ),
    );
  };
  const items: MenuItem[] = [
    { id: 'profile', label: t('person-open'), icon: 'user', select: () => openPerson(userId) },
    {
      id: 'message',
      label: t('info-message'),
      icon: 'message-circle',
      select: () => void commands.createPrivateChat(userId).then((roomId) => goTo(roomId), tell),
    },
  ];
  const copy = () => void navigator.clipboard.writeText(userId).then(() => toast(t('message-copied')), tell);
  items.push({ id: 'copy-id', label: t('row-copy-address'), icon: 'copy', select: copy });
  if (member.power >= room.my.level) return items;
  if (hasFeature('roles') && room.group.canSetRoles && (room.group.roles?.roles.length ?? 0) > 0) {
    items.push({ id: 'roles', label: t('member-roles'), icon: 'shield', select: () => ask({ kind: 'roles', member }) });
  }
  if (room.my.setPowers) items.push({ id: 'rank', label: t('member-rank'), icon: 'crown', select: () => rank() });
  if (hasFeature('restrict_until') && room.my.setPowers) {
    const mute = (until: number | null) => void commands.muteMember(room.id, userId, until).catch(tell);
    items.push(
      isMuted(room, userId)
        ? { id: 'unmute', label: t('member-unmute'), icon: 'mic', select: () => mute(null) }
        : { id: 'mute', label: t('member-mute-hour'), icon: 'hourglass', select: () => mute(Date.now() + hour_ms) },
    );
    if (!isMuted(room, userId)) {
      items.push({
        id: 'mute-day',
        label: t('member-mute-day'),
        icon: 'hourglass',
        select: () => mute(Date.now() + 24 * hour_ms),
      });
    }
  }
  if (room.my.kick) {
    items.push({
      id: 'kick',
      label: t('info-remove'),
      icon: 'user-x',
      danger: true,
      select: () => ask({ kind: 'kick', member }),
    });
  }
  if (room.my.ban) {
    items.push({
      id: 'ban',
      label: t('info-ban'),
      icon: 'ban',
      danger: true,
      select: () => ask({ kind: 'ban', member }),
    });
  }
  return items;
}
