/** What a group is beyond its name: who can come in, its roles, who is muted. */
import { list, number, object, text, textOrNull, texts } from '../../model/events';
import { levelOf, type Powers } from '../../model/powers';
import { byOrder, orderOf } from '../../model/space-order';
import { chatWallpaperFrom } from '../../model/wallpapers';
import type { GroupControls, GroupFacts } from '../../store/groups';
import type { Account, RoomData } from './account';
import { rolesIn } from './roles';

export const ROLES = 'app.hearth.roles';
const ROLE_OF = 'app.hearth.role';
const RESTRICTED = 'app.hearth.restrict_until';
export const WALLPAPER = 'app.hearth.wallpaper';
export const SLOW_MODE = 'app.hearth.slow_mode';
const HISTORY = new Set<string>(['invited', 'joined', 'shared', 'world_readable']);

export function groupFacts(account: Account, room: RoomData, powers: Powers): GroupFacts {
  const content = (type: string) => account.content(room.id, type);
  const rule = text(content('m.room.join_rules').join_rule);
  const history = text(content('m.room.history_visibility').history_visibility);
  const create = account.state(room.id, 'm.room.create');
  const rolesOf: Record<string, readonly string[]> = {};
  const mutedUntil: Record<string, number> = {};
  for (const event of Object.values(room.state)) {
    if (event.content === null || !event.state_key.startsWith('_@')) {
      continue;
    }
    const userId = event.state_key.slice(1);
    if (event.type === ROLE_OF) {
      rolesOf[userId] = texts(event.content.roles);
    } else if (event.type === RESTRICTED && number(event.content.until, 0) > 0) {
      mutedUntil[userId] = number(event.content.until, 0);
    }
  }
  const members = [...(account.members.get(room.id)?.values() ?? [])];
  return {
    access: rule === 'public' ? 'public' : rule.startsWith('knock') ? 'knock' : 'private',
    alias: text(content('m.room.canonical_alias').alias),
    history: HISTORY.has(history) ? (history as GroupFacts['history']) : 'shared',
    version: text(create?.content?.room_version),
    deniedServers: texts(content('m.room.server_acl').deny),
    roles: rolesIn(account.state(room.id, ROLES)?.content ?? null),
    rolesOf,
    mutedUntil,
    creators: create === null ? [] : [create.sender, ...texts(create.content?.additional_creators)],
    requests: members.filter((one) => one.membership === 'knock').map((one) => one.userId),
    replacement: textOrNull(content('m.room.tombstone').replacement_room),
    slowModeS: Math.max(0, number(content(SLOW_MODE).seconds, 0)),
    ...controlsAt(powers, levelOf(powers, account.me)),
    notify: notifyLevel(account, room.id),
    wallpaper: chatWallpaperFrom(room.accountData[WALLPAPER] ?? {}),
    children: create?.content?.type === 'm.space' ? childrenOf(room) : [],
  };
}

/** What of a group somebody with this level can change. */
export function controlsAt({ need }: Powers, level: number): GroupControls {
  return {
    canSetSlowMode: level >= need.state(SLOW_MODE),
    canSetAccess: level >= need.state('m.room.join_rules'),
    canSetRoles: level >= need.state('m.room.power_levels'),
  };
}

/** Rooms of a space in its order. Spec: Client-Server API, Ordering of children within a space. */
function childrenOf(room: RoomData): string[] {
  return Object.values(room.state)
    .filter((event) => event.type === 'm.space.child' && texts(event.content?.via).length > 0)
    .map((event) => ({ id: event.state_key, ...orderOf(event.content ?? {}, event.origin_server_ts) }))
    .sort(byOrder)
    .map((child) => child.id);
}

/** By the rules of the room itself. Spec: Client-Server API, Push rules. */
function notifyLevel(account: Account, roomId: string): GroupFacts['notify'] {
  const rules = object(object(account.accountData.get('m.push_rules')).global);
  const silent = (kind: string) =>
    list(rules[kind])
      .map(object)
      .some((rule) => rule.rule_id === roomId && rule.enabled !== false && !texts(rule.actions).includes('notify'));
  if (silent('override')) {
    return 'none';
  }
  return silent('room') ? 'mentions' : 'all';
}
