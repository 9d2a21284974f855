/** Changes of rights in words, for the recent actions of a group. */
import type { Permission, RightsChange } from '../store/groups';
import { t } from './index';

const ADMIN = 100;
const MODERATOR = 50;

/** One line about one change. */
export function rightsText(change: RightsChange): string {
  switch (change.what) {
    case 'made':
      return change.permissions.length === 0
        ? t('rights-made-bare', { role: change.role })
        : t('rights-made', { role: change.role, permissions: permissionsText(change.permissions) });
    case 'removed':
      return t('rights-removed', { role: change.role });
    case 'renamed':
      return t('rights-renamed', { before: change.before, role: change.role });
    case 'ordered':
      return t('rights-ordered');
    case 'allowed':
    case 'denied':
      return t(`rights-${change.what}`, {
        role: change.role ?? t('role-everyone'),
        permissions: permissionsText(change.permissions),
      });
    case 'given':
    case 'taken':
      return t(`rights-${change.what}`, { name: change.name, role: change.role });
    case 'person':
      return stepText(change.name, change);
    case 'newcomers':
      return stepText(t('rights-newcomers'), change);
    case 'needed':
      return stepText(neededText(change.permission, change.type), change);
  }
}

function permissionsText(permissions: readonly Permission[]): string {
  return permissions.map((one) => t('rights-permission', { name: t(`permission-${one}`) })).join(', ');
}

function neededText(permission: Permission | null, type: string): string {
  if (permission !== null) {
    return t(`permission-${permission}`);
  }
  return type === '' ? t('rights-settings') : t('rights-events', { type });
}

function stepText(what: string, { before, after }: { readonly before: number; readonly after: number }): string {
  return t('rights-step', { what, before: rankText(before), after: rankText(after) });
}

/** Ranks have the names that the dialog gives them; a level between them is a number. */
function rankText(level: number): string {
  switch (level) {
    case ADMIN:
      return t('info-role-owner');
    case MODERATOR:
      return t('info-role-moderator');
    case 0:
      return t('member-rank-none');
    default:
      return level < 0 ? t('member-muted') : t('rights-level', { level: String(level) });
  }
}
