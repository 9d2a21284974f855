import { beforeEach, expect, test } from 'vitest';
import { Account } from '../../src/engine/sync/account';
import { Changes } from '../../src/engine/sync/changes';
import { applyBody } from '../../src/engine/sync/reducer';
import { roomView, standingAt } from '../../src/engine/sync/views';
import { stopViewing, viewAs } from '../../src/features/group/view-as';
import type { Client, Commands, Role, Room, Standing } from '../../src/store/contract';
import { createMirror } from '../../src/store/mirror';
import { setViewedAs, viewedAs } from '../../src/store/pages';
import { goTo } from '../../src/store/ui';
import { room as roomOf } from '../scenes/build';

const OWNER = '@ann:test';
const WARDEN = '@wim:test';
const ROOM = '!room:test';
const wardens: Role = { id: 'w', name: 'Wardens', colour: 'green', level: 40, permissions: ['kick'] };

const state = (type: string, content: object) => ({
  type,
  state_key: '',
  sender: OWNER,
  content,
  event_id: `$${type}`,
  origin_server_ts: 1,
});

/** The group as the account of `me` knows it. */
function known(me: string) {
  const levels = {
    users: { [OWNER]: 100, [WARDEN]: 40 },
    events: { 'app.hearth.slow_mode': 30, 'm.room.name': 40, 'm.room.topic': 41 },
    events_default: 10,
    invite: 50,
    kick: 40,
    ban: 100,
    redact: 41,
  };
  const account = new Account(me);
  const required_state = [state('m.room.create', { room_version: '11' }), state('m.room.power_levels', levels)];
  applyBody(account, { rooms: { [ROOM]: { initial: true, membership: 'join', required_state } } }, new Changes());
  const room = account.rooms.get(ROOM);
  if (room === undefined) throw new Error('the room is not there');
  return { account, view: roomView(account, room) };
}

test.each([
  ['a warden', WARDEN, 40],
  ['everyone', '@eva:test', 0],
  ['the owner', OWNER, 100],
])('what a level allows is what a member who has it sees: %s', (_who, userId, level) => {
  const { my, group } = known(userId).view;
  const { canSetSlowMode, canSetAccess, canSetRoles } = group;
  const expected: Standing = { my, group: { canSetSlowMode, canSetAccess, canSetRoles } };
  expect(standingAt(known(OWNER).account, ROOM, level)).toEqual(expected);
});

/** A page that looks at the group; `allows`: what the engine says that a level allows. */
function page() {
  const mirror = createMirror();
  const full = roomOf(ROOM, 'Garden');
  const standing = (level: number, kick: boolean): Standing => ({
    my: { ...full.my, level, kick, ban: false, sendMessages: level > 0 },
    group: { canSetSlowMode: false, canSetAccess: false, canSetRoles: false },
  });
  const allows = { kick: true };
  const commands = { standingAt: async (_id: string, level: number) => standing(level, allows.kick && level > 0) };
  const client: Client = { state: mirror.state, commands: commands as unknown as Commands, showAs: mirror.showAs };
  const tell = (more: Partial<Room> = {}, roles: readonly Role[] = [wardens]) => {
    const room = roomOf(ROOM, 'Garden', more);
    const told = { ...room, group: { ...room.group, roles: { roles, everyone: [] } } };
    mirror.apply([{ p: 'rooms', rooms: { [ROOM]: structuredClone(told) } }]);
  };
  tell();
  const now = () => {
    const room = mirror.state.rooms[ROOM];
    if (room === undefined) throw new Error('the room is not there');
    return room;
  };
  return { client, mirror, allows, tell, now };
}

const asked = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  setViewedAs(undefined);
  goTo(ROOM);
});

test('a group that is looked at as a role is what the role may, and afterwards what it was', async () => {
  const { client, now } = page();
  const before = structuredClone({ ...now().my });
  await viewAs(client, ROOM, 'w');
  expect(viewedAs()).toEqual({ roomId: ROOM, roleId: 'w' });
  expect(now().my).toMatchObject({ level: 40, kick: true, ban: false, sendMessages: true });
  expect(now().group).toMatchObject({ canSetAccess: false, canSetRoles: false, roles: { roles: [wardens] } });
  stopViewing(client);
  expect(now().my).toEqual(before);
  expect(now().group.canSetRoles).toBe(true);
});

test('what happens meanwhile is seen by the role, and is there afterwards', async () => {
  const { client, allows, now, tell } = page();
  await viewAs(client, ROOM, 'w');
  tell({ name: 'Orchard' });
  expect(now()).toMatchObject({ name: 'Orchard', my: { level: 40, ban: false } });
  allows.kick = false;
  tell({ name: 'Orchard' }, [{ ...wardens, level: 30 }]);
  await asked();
  expect(now().my).toMatchObject({ level: 30, kick: false });
  stopViewing(client);
  expect(now()).toMatchObject({ name: 'Orchard', my: { level: 100, kick: true }, group: { canSetRoles: true } });
  tell({ name: 'Forest' });
  expect(now()).toMatchObject({ name: 'Forest', my: { level: 100, ban: true } });
});

test('a role that is gone is looked at no longer', async () => {
  const { client, now, tell } = page();
  await viewAs(client, ROOM, 'w');
  tell({}, []);
  await asked();
  expect(viewedAs()).toBeUndefined();
  expect(now().my).toMatchObject({ level: 100, ban: true });
});

test('members without a role have the level that everybody begins with', async () => {
  const { client, now } = page();
  await viewAs(client, ROOM, '');
  expect(now().my).toMatchObject({ level: 0, kick: false, sendMessages: false });
});

test('who left the chat before the answer came sees it as it is', async () => {
  const { client, now } = page();
  const begun = viewAs(client, ROOM, 'w');
  goTo(null);
  await begun;
  expect(viewedAs()).toBeUndefined();
  expect(now().my.level).toBe(100);
});

test('a page that was signed out shows the next one’s groups as they are', async () => {
  const { client, mirror, now, tell } = page();
  await viewAs(client, ROOM, 'w');
  mirror.apply([{ p: 'clear' }]);
  tell();
  expect(now().my.level).toBe(100);
});
