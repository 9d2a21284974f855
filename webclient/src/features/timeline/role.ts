/** What a member of a group is called there: the highest role of ours, else what the power level says. */
import { t } from '../../i18n';
import type { Room, UserId } from '../../store/contract';

const admin = 100;
const moderator = 50;

export function roleOf(room: Room | undefined, userId: UserId): { text: string; colour: string } | undefined {
  if (room?.kind !== 'group') return undefined;
  const ids = room.group.rolesOf[userId] ?? [];
  const role = room.group.roles?.roles.find((one) => ids.includes(one.id));
  if (role) return { text: role.name, colour: role.colour };
  const level = room.powers[userId] ?? room.defaultPower;
  if (room.group.creators.includes(userId) || level > admin) return { text: t('info-role-owner'), colour: '' };
  if (level >= admin) return { text: t('info-role-admin'), colour: '' };
  return level >= moderator ? { text: t('info-role-moderator'), colour: '' } : undefined;
}
