/** Commands about the one who is signed in: profile, sessions, contacts, folders, wishes. */
import { type Json, list, number, object, text } from '../model/events';
import { withEmoji } from '../model/recent-emoji';
import type { OwnCommands, SessionInfo } from '../store/own';
import { path } from './api/http';
import type { Core } from './core';
import { Changes } from './sync/changes';
import { setAccountData, setRoomAccountData } from './sync/extensions';
import { BLOCKED, CONTACTS, FOLDERS, INVITES, PRIVACY, RECENT_EMOJI, SETTINGS } from './sync/own-view';
import { confirmed } from './uia';

const V3 = '/_matrix/client/v3';
const KIND_RULES = { dm: '.m.rule.room_one_to_one', group: '.m.rule.message' } as const;

export function ownCommands(core: Core, deviceId: () => string): OwnCommands {
  const put = (tail: string, body: unknown) => core.http({ method: 'PUT', path: V3 + tail, body });
  const post = (tail: string, body: unknown) => core.http({ method: 'POST', path: V3 + tail, body });
  const keep = (kind: string, content: Json) => keepAccountData(core, kind, content);
  const data = (kind: string): Json => core.account.accountData.get(kind) ?? {};
  return {
    features: async () => {
      const answer = await core.http({ method: 'GET', path: '/_matrix/client/versions' });
      const features = object(answer.unstable_features);
      return Object.keys(features).filter((name) => features[name] === true);
    },
    setAvatar: async (mxc) => {
      await put(path`/profile/${core.account.me}/avatar_url`, { avatar_url: mxc ?? '' });
    },
    sessions: async () => {
      const answer = await core.http({ method: 'GET', path: `${V3}/devices` });
      return list(answer.devices)
        .map(object)
        .map(
          (device): SessionInfo => ({
            deviceId: text(device.device_id),
            name: text(device.display_name),
            ip: text(device.last_seen_ip),
            seenTs: typeof device.last_seen_ts === 'number' ? number(device.last_seen_ts, 0) : null,
            current: device.device_id === deviceId(),
          }),
        )
        .sort((a, b) => Number(b.current) - Number(a.current) || (b.seenTs ?? 0) - (a.seenTs ?? 0));
    },
    renameSession: async (id, name) => {
      await put(path`/devices/${id}`, { display_name: name });
    },
    endSessions: async (devices, confirmation) => {
      await confirmed(core, { method: 'POST', path: `${V3}/delete_devices`, body: { devices } }, confirmation);
    },
    changePassword: async (confirmation, fresh) => {
      const body = { new_password: fresh, logout_devices: false };
      await confirmed(core, { method: 'POST', path: `${V3}/account/password`, body }, confirmation);
    },
    closeAccount: async (confirmation, erase) => {
      await confirmed(core, { method: 'POST', path: `${V3}/account/deactivate`, body: { erase } }, confirmation);
    },
    setBlocked: async (userId, blocked) => {
      const { [userId]: _gone, ...others } = object(data(BLOCKED).ignored_users);
      await keep(BLOCKED, { ignored_users: blocked ? { ...others, [userId]: {} } : others });
    },
    setContact: async (userId, name) => {
      const { [userId]: _gone, ...others } = object(data(CONTACTS).contacts);
      await keep(CONTACTS, { contacts: name === null ? others : { ...others, [userId]: { name } } });
    },
    setFolders: (folders) => keep(FOLDERS, { ...data(FOLDERS), folders }),
    setTabs: (tabs) => keep(FOLDERS, { ...data(FOLDERS), ...tabs }),
    setPrivacy: async ({ invites, ...privacy }) => {
      await keep(PRIVACY, privacy);
      if ((data(INVITES).default_action === 'block') !== (invites === 'nobody')) {
        await keep(INVITES, invites === 'nobody' ? { default_action: 'block' } : {});
      }
    },
    setSettings: (settings) => keep(SETTINGS, { ...settings }),
    setNotifyKind: async (kind, enabled) => {
      await put(path`/pushrules/global/underride/${KIND_RULES[kind]}/enabled`, { enabled });
    },
    noteEmoji: (sign) => keep(RECENT_EMOJI, withEmoji(data(RECENT_EMOJI), sign)),
    setKeyword: async (word, on) => {
      const rule = V3 + path`/pushrules/global/content/${word}`;
      const actions = ['notify', { set_tweak: 'sound', value: 'default' }, { set_tweak: 'highlight' }];
      if (on) await core.http({ method: 'PUT', path: rule, body: { pattern: word, actions } });
      else await core.http({ method: 'DELETE', path: rule });
    },
    commonRooms: async (userId) =>
      [...core.account.rooms.values()]
        .filter((room) => room.membership === 'join' && core.account.member(room.id, userId)?.membership === 'join')
        .map((room) => room.id),
    reportMessage: async (roomId, eventId, reason) => {
      await post(path`/rooms/${roomId}/report/${eventId}`, reason === '' ? {} : { reason });
    },
    reportRoom: async (roomId, reason) => {
      await post(path`/rooms/${roomId}/report`, { reason });
    },
    reportUser: async (userId, reason) => {
      await post(path`/users/${userId}/report`, { reason });
    },
  };
}

/** Shown at once, then sent; taken back when the server refuses. */
export async function keepAccountData(core: Core, type: string, content: Json): Promise<void> {
  const { account } = core;
  const before = account.accountData.get(type) ?? {};
  const show = async (value: Json) => {
    const changes = new Changes();
    setAccountData(account, type, value, changes);
    await core.commit(changes);
  };
  await show(content);
  try {
    await core.request('account_data', { user_id: account.me, type, content });
  } catch (error) {
    await show(before);
    throw error;
  }
}

/** The same for what is kept of one room. */
export async function keepRoomData(core: Core, roomId: string, type: string, content: Json): Promise<void> {
  const { account } = core;
  const before = account.rooms.get(roomId)?.accountData[type] ?? {};
  const show = async (value: Json) => {
    const changes = new Changes();
    setRoomAccountData(account, roomId, type, value, changes);
    await core.commit(changes);
  };
  await show(content);
  try {
    await core.request('account_data', { user_id: account.me, room_id: roomId, type, content });
  } catch (error) {
    await show(before);
    throw error;
  }
}
