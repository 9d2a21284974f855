/** The roles of a group, as its state event says them. Source: docs/extensions.md, Roles. */

import { type Json, list, number, object, text, texts } from '../../model/events';
import { type Permission, permissions, type Role, type RoleList } from '../../store/groups';

const KNOWN = new Set<string>(permissions);

/** The list in a state event; what is not understood of it is left out. null: this is no list. */
export function rolesIn(content: Json | null): RoleList | null {
  if (content === null || !Array.isArray(content.roles)) {
    return null;
  }
  const roles = list(content.roles)
    .map(object)
    .filter((role) => text(role.id) !== '')
    .map(
      (role): Role => ({
        id: text(role.id),
        name: text(role.name),
        colour: text(role.colour),
        level: number(role.level, 0),
        permissions: known(role.permissions),
      }),
    );
  return { roles, everyone: known(content.everyone) };
}

function known(value: unknown): readonly Permission[] {
  return texts(value).filter((one): one is Permission => KNOWN.has(one));
}
