/** What a state event tells the reader, as data; i18n puts it in words. */
import type { ServiceLine } from '../store/contract';
import { isObject, type Json, localpart, type MatrixEvent, number, object, text, textOrNull } from './events';
import { cleanName } from './names';

type NameOf = (userId: string) => string;
type What = ServiceLine['what'];

/** The line for this event; null when it tells nothing that people want to read. */
export function serviceLine(event: MatrixEvent, nameOf: NameOf): ServiceLine | null {
  if (event.type === 'm.room.member') {
    return membershipLine(event, nameOf);
  }
  const line = (what: What, value = ''): ServiceLine => ({
    what,
    actor: event.sender,
    actorName: nameOf(event.sender),
    target: null,
    targetName: '',
    value,
    before: '',
  });
  const content = event.content;
  switch (event.type) {
    case 'm.room.create':
      return line('created');
    case 'm.room.name':
      return text(content.name) === '' ? line('roomNameRemoved') : line('roomNamed', text(content.name));
    case 'm.room.topic':
      return text(content.topic) === '' ? line('topicRemoved') : line('topicSet', text(content.topic));
    case 'm.room.avatar':
      return line('roomAvatar');
    case 'm.room.encryption':
      return line('encryptionOn');
    case 'm.room.pinned_events':
      return line('pinned');
    case 'm.room.power_levels':
      // Of a room's beginning nothing is told: only changes are news.
      return hadBefore(event) ? line('powersChanged') : null;
    case 'm.room.join_rules':
      return hadBefore(event) ? line('joinRule', text(content.join_rule)) : null;
    case 'm.room.history_visibility':
      return hadBefore(event) ? line('history', text(content.history_visibility)) : null;
    case 'm.room.canonical_alias':
      return text(content.alias) === '' ? null : line('alias', text(content.alias));
    case 'm.room.server_acl':
      return line('servers');
    case 'app.hearth.slow_mode':
      return number(content.seconds, 0) > 0 ? line('slowMode', String(content.seconds)) : line('slowModeOff');
    case 'app.hearth.roles':
      return line('roles');
    case 'app.hearth.role': {
      // Of whom it says the roles: `_` and the id.
      const target = (event.state_key ?? '').slice(1);
      return { ...line('role'), target, targetName: nameOf(target) };
    }
    case 'm.room.tombstone':
      return line('upgraded', text(content.replacement_room));
    default:
      return null;
  }
}

function hadBefore(event: MatrixEvent): boolean {
  return isObject(object(event.unsigned).prev_content);
}

function membershipLine(event: MatrixEvent, nameOf: NameOf): ServiceLine | null {
  const target = event.state_key ?? '';
  const now = event.content;
  const before = object(object(event.unsigned).prev_content);
  const what = membershipChange(event.sender === target, text(before.membership), now, before);
  if (what === null) {
    return null;
  }
  const nameIn = (content: Json) => cleanName(textOrNull(content.displayname));
  const targetName = nameIn(now) ?? nameIn(before) ?? nameOf(target);
  return {
    what,
    actor: event.sender,
    actorName: event.sender === target ? targetName : nameOf(event.sender),
    target: event.sender === target ? null : target,
    targetName: event.sender === target ? '' : targetName,
    value: what === 'renamedSelf' ? (nameIn(now) ?? localpart(target)) : text(now.reason),
    before: what === 'renamedSelf' ? (nameIn(before) ?? localpart(target)) : '',
  };
}

function membershipChange(self: boolean, was: string, now: Json, before: Json): What | null {
  switch (text(now.membership)) {
    case 'join':
      return was === 'join' ? profileChange(now, before) : 'joined';
    case 'invite':
      return 'invited';
    case 'knock':
      return 'knocked';
    case 'ban':
      return 'banned';
    case 'leave':
      return self ? leftSelf(was) : removed(was);
    default:
      return null;
  }
}

function leftSelf(was: string): What {
  return was === 'invite' ? 'inviteRejected' : 'left';
}

function removed(was: string): What {
  if (was === 'ban') {
    return 'unbanned';
  }
  return was === 'invite' ? 'inviteWithdrawn' : 'kicked';
}

function profileChange(now: Json, before: Json): What | null {
  if (text(now.displayname) !== text(before.displayname)) {
    return 'renamedSelf';
  }
  return text(now.avatar_url) === text(before.avatar_url) ? null : 'changedAvatar';
}
