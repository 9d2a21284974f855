import { describe, expect, it } from 'vitest';
import type { Json, MatrixEvent } from '../model/events';
import type { Role } from '../store/groups';
import { rightsChanges } from './rights';

const nameOf = (userId: string) => userId.slice(1).split(':')[0] ?? '';
const mods = { id: 'mods', name: 'Moderators', colour: '', level: 50, permissions: ['kick', 'ban'] };
const guides = { id: 'guides', name: 'Guides', colour: '', level: 10, permissions: ['pin'] };

function changes(type: string, before: Json | null, content: Json, stateKey = '') {
  const unsigned = before === null ? {} : { prev_content: before };
  const event = { type, content, unsigned, state_key: stateKey, event_id: '$1', sender: '@ann:a', origin_server_ts: 1 };
  return rightsChanges(event as MatrixEvent, nameOf, [mods as unknown as Role]);
}

const roles = (before: Json | null, now: Json) => changes('app.hearth.roles', before, now);
const levels = (before: Json, now: Json) => changes('m.room.power_levels', before, now);

describe('what the recent actions say of rights', () => {
  it('tells what a role and everyone may now, and may no longer', () => {
    expect(
      roles(
        { roles: [mods], everyone: ['send', 'links'] },
        { roles: [{ ...mods, permissions: ['kick', 'pin'] }], everyone: ['send', 'invite'] },
      ),
    ).toEqual([
      { what: 'allowed', role: 'Moderators', permissions: ['pin'] },
      { what: 'denied', role: 'Moderators', permissions: ['ban'] },
      { what: 'allowed', role: null, permissions: ['invite'] },
      { what: 'denied', role: null, permissions: ['links'] },
    ]);
  });

  it('tells of roles that are new, renamed, gone, or in another order', () => {
    expect(roles(null, { roles: [mods], everyone: ['send'] })).toEqual([
      { what: 'made', role: 'Moderators', permissions: ['kick', 'ban'] },
    ]);
    expect(
      roles({ roles: [mods, guides], everyone: [] }, { roles: [{ ...mods, name: 'Wardens' }], everyone: [] }),
    ).toEqual([
      { what: 'renamed', before: 'Moderators', role: 'Wardens' },
      { what: 'removed', role: 'Guides' },
    ]);
    expect(roles({ roles: [mods, guides], everyone: [] }, { roles: [guides, mods], everyone: [] })).toEqual([
      { what: 'ordered' },
    ]);
  });

  it('tells who got a role and who lost one, by its name where it is known', () => {
    expect(changes('app.hearth.role', { roles: ['old'] }, { roles: ['mods'] }, '_@bob:b')).toEqual([
      { what: 'given', name: 'bob', role: 'Moderators' },
      { what: 'taken', name: 'bob', role: 'old' },
    ]);
  });

  it('tells of ranks and of what needs which rank, by the levels that hold without being said', () => {
    expect(
      levels({ users: { '@ann:a': 100 } }, { users: { '@ann:a': 100, '@bob:b': 50 }, invite: 50, kick: 50 }),
    ).toEqual([
      { what: 'person', name: 'bob', before: 0, after: 50 },
      { what: 'needed', permission: 'invite', type: '', before: 0, after: 50 },
    ]);
  });

  it('tells once of name, photo and description, and names types of events that have no name', () => {
    const info = { 'm.room.name': 0, 'm.room.topic': 0, 'm.room.avatar': 0 };
    expect(levels({}, { events: { ...info, 'org.example.game': 10 } })).toEqual([
      { what: 'needed', permission: 'info', type: 'm.room.name', before: 50, after: 0 },
      { what: 'needed', permission: null, type: 'org.example.game', before: 50, after: 10 },
    ]);
  });

  it('tells of what strangers may, and of other settings', () => {
    expect(levels({}, { users_default: 10, state_default: 100, events: { 'm.room.name': 50 } })).toContainEqual({
      what: 'newcomers',
      before: 0,
      after: 10,
    });
    expect(levels({}, { state_default: 100 })).toContainEqual({
      what: 'needed',
      permission: null,
      type: '',
      before: 50,
      after: 100,
    });
  });

  it('says nothing of events that are about something else', () => {
    expect(changes('m.room.name', { name: 'a' }, { name: 'b' })).toEqual([]);
  });
});
