/** What a change of roles or power levels gave and took, as data; i18n puts it in words. */

import { type Json, type MatrixEvent, number, object, texts } from '../model/events';
import { type Powers, powersOf } from '../model/powers';
import type { Permission, RightsChange, Role } from '../store/groups';
import { rolesIn } from './sync/roles';

/** What a power level of a type of event is called. Source: docs/extensions.md, Roles. */
const CALLED: Readonly<Record<string, Permission>> = {
  'm.reaction': 'react',
  'm.room.pinned_events': 'pin',
  'm.room.name': 'info',
  'm.room.topic': 'info',
  'm.room.avatar': 'info',
  'm.room.power_levels': 'roles',
  'app.hearth.roles': 'roles',
  'app.hearth.role': 'roles',
  'm.call.invite': 'call',
  'm.call.member': 'call',
};
/** Events without a state key, which `events_default` is for. */
const MESSAGES = new Set([
  'm.reaction',
  'm.room.message',
  'm.room.encrypted',
  'm.room.redaction',
  'm.sticker',
  'm.call.invite',
]);

/** What is different since the event that this one replaced; [] for events that say nothing of rights. */
export function rightsChanges(
  event: MatrixEvent,
  nameOf: (userId: string) => string,
  roles: readonly Role[],
): RightsChange[] {
  const previous = object(event.unsigned).prev_content;
  switch (event.type) {
    case 'app.hearth.roles':
      return betweenLists(object(previous), event.content);
    case 'app.hearth.role':
      return ofMember(object(previous), event, nameOf, roles);
    case 'm.room.power_levels':
      return betweenLevels(object(previous), event.content, nameOf);
    default:
      return [];
  }
}

function betweenLists(previous: Json, now: Json): RightsChange[] {
  const before = rolesIn(previous);
  const after = rolesIn(now) ?? { roles: [], everyone: [] };
  const old = new Map((before?.roles ?? []).map((role) => [role.id, role]));
  const changes = after.roles.flatMap((role): RightsChange[] => {
    const was = old.get(role.id);
    return was === undefined
      ? [{ what: 'made', role: role.name, permissions: role.permissions }]
      : [...renamed(was, role), ...permitted(role.name, was.permissions, role.permissions)];
  });
  const kept = new Set(after.roles.map((role) => role.id));
  const gone = [...old.values()].filter((role) => !kept.has(role.id));
  changes.push(...gone.map((role): RightsChange => ({ what: 'removed', role: role.name })));
  if (before !== null) {
    changes.push(...permitted(null, before.everyone, after.everyone));
    const order = (all: readonly Role[]) =>
      all.filter((role) => kept.has(role.id) && old.has(role.id)).map((role) => role.id);
    if (order(before.roles).join() !== order(after.roles).join()) {
      changes.push({ what: 'ordered' });
    }
  }
  return changes;
}

function renamed(was: Role, role: Role): RightsChange[] {
  return was.name === role.name ? [] : [{ what: 'renamed', before: was.name, role: role.name }];
}

/** `role` null: everyone. */
function permitted(role: string | null, was: readonly Permission[], now: readonly Permission[]): RightsChange[] {
  const given = now.filter((one) => !was.includes(one));
  const taken = was.filter((one) => !now.includes(one));
  return [
    ...(given.length > 0 ? [{ what: 'allowed', role, permissions: given } as const] : []),
    ...(taken.length > 0 ? [{ what: 'denied', role, permissions: taken } as const] : []),
  ];
}

function ofMember(
  previous: Json,
  event: MatrixEvent,
  nameOf: (userId: string) => string,
  roles: readonly Role[],
): RightsChange[] {
  const was = texts(previous.roles);
  const now = texts(event.content.roles);
  const name = nameOf((event.state_key ?? '').slice(1));
  const called = (id: string) => roles.find((role) => role.id === id)?.name ?? id;
  return [
    ...now.filter((id) => !was.includes(id)).map((id) => ({ what: 'given', name, role: called(id) }) as const),
    ...was.filter((id) => !now.includes(id)).map((id) => ({ what: 'taken', name, role: called(id) }) as const),
  ];
}

function betweenLevels(previous: Json, now: Json, nameOf: (userId: string) => string): RightsChange[] {
  const [was, is] = [powersOf(previous, {}, ''), powersOf(now, {}, '')];
  const changes: RightsChange[] = [];
  for (const userId of new Set([...Object.keys(was.users), ...Object.keys(is.users)])) {
    const [before, after] = [was.users[userId] ?? was.usersDefault, is.users[userId] ?? is.usersDefault];
    if (before !== after) {
      changes.push({ what: 'person', name: nameOf(userId), before, after });
    }
  }
  if (was.usersDefault !== is.usersDefault) {
    changes.push({ what: 'newcomers', before: was.usersDefault, after: is.usersDefault });
  }
  const seen = new Set<string>();
  const needed = (permission: Permission | null, type: string, level: (powers: Powers) => number) => {
    const [before, after] = [level(was), level(is)];
    const key = `${permission ?? type} ${before} ${after}`;
    if (before !== after && !seen.has(key)) {
      seen.add(key);
      changes.push({ what: 'needed', permission, type, before, after });
    }
  };
  needed('send', '', ({ need }) => need.event(''));
  for (const kind of ['invite', 'kick', 'ban', 'redact'] as const) {
    needed(kind, '', ({ need }) => need[kind]);
  }
  needed('mention_all', '', ({ need }) => need.notifyRoom);
  const types = new Set([
    ...Object.keys(CALLED),
    ...Object.keys(object(previous.events)),
    ...Object.keys(object(now.events)),
  ]);
  const rest = number(previous.state_default, 50) !== number(now.state_default, 50);
  for (const type of types) {
    needed(CALLED[type] ?? null, type, ({ need }) => (MESSAGES.has(type) ? need.event(type) : need.state(type)));
  }
  if (rest) {
    needed(null, '', ({ need }) => need.state(''));
  }
  return changes;
}
