/** Short makers of what the store holds, for scenes. */
import type {
  GroupFacts,
  Member,
  MirrorState,
  Preview,
  PreviewBody,
  Room,
  ServiceLine,
  TimelineItem,
  User,
} from '../../src/store/contract';
import { emptyState } from '../../src/store/mirror';

export const my = '@me:our.tld';
const power = { sendMessages: true, redactOthers: true, invite: true, kick: true, ban: true, setName: true };
const full = {
  level: 100,
  ...power,
  setTopic: true,
  setAvatar: true,
  setPowers: true,
  pin: true,
  setPacks: true,
  mentionAll: true,
};

/** `clock(13, 50)` is 13:50 of the day on which the page was opened; snapshots open it on a day of their own. */
export const today = new Date();
export const clock = (hours: number, minutes: number, days = 0): number =>
  new Date(today.getFullYear(), today.getMonth(), today.getDate() - days, hours, minutes).getTime();

export const groupOf = (part: Partial<GroupFacts> = {}): GroupFacts => ({
  access: 'private',
  alias: '',
  history: 'shared',
  version: '12',
  deniedServers: [],
  roles: null,
  rolesOf: {},
  mutedUntil: {},
  creators: [],
  requests: [],
  replacement: null,
  slowModeS: 0,
  canSetSlowMode: true,
  canSetAccess: true,
  canSetRoles: true,
  notify: 'all',
  wallpaper: null,
  children: [],
  ...part,
});

export function room(id: string, name: string, more: Partial<Room> = {}): Room {
  return {
    id,
    name,
    avatar: null,
    kind: 'group',
    dmUserId: null,
    membership: 'join',
    inviter: null,
    topic: '',
    encrypted: false,
    isPublic: false,
    preview: null,
    unread: { notifications: 0, highlights: 0, marked: false },
    unreadThreads: 0,
    pinned: false,
    saved: false,
    pins: [],
    lowPriority: false,
    muted: false,
    joinedCount: 8,
    invitedCount: 0,
    my: full,
    powers: {},
    defaultPower: 0,
    readUpTo: null,
    bumpStamp: 0,
    group: groupOf(),
    ...more,
  };
}

export function preview(senderName: string, text: string, ts: number, more: Partial<Preview> = {}): Preview {
  const body: PreviewBody = { kind: 'text', text };
  const sender = senderName === 'me' ? my : `@${senderName.toLowerCase()}:our.tld`;
  return { key: 'p', sender, senderName, ts, body, delivery: null, ...more };
}

export const user = (id: string, name: string, online = false): User => ({
  id,
  name,
  avatar: null,
  presence: online ? 'online' : 'offline',
  lastActiveTs: clock(11, 0),
});

export const member = (userId: string, name: string, level = 0): Member => ({
  userId,
  name,
  avatar: null,
  membership: 'join',
  power: level,
});

export function message(
  key: string,
  sender: string,
  text: string,
  ts: number,
  more: Partial<TimelineItem> = {},
): TimelineItem {
  return {
    key,
    eventId: key,
    sender,
    ts,
    kind: 'message',
    type: 'm.room.message',
    content: { msgtype: 'm.text', body: text },
    service: null,
    edited: false,
    redactedBy: null,
    reply: null,
    reactions: [],
    delivery: sender === my ? 'read' : null,
    error: null,
    changing: false,
    starred: false,
    heard: true,
    upload: null,
    poll: null,
    thread: null,
    ...more,
  };
}

export function service(key: string, line: Partial<ServiceLine>, ts: number): TimelineItem {
  const whole: ServiceLine = {
    what: 'joined',
    actor: '',
    actorName: '',
    target: null,
    targetName: '',
    value: '',
    before: '',
    ...line,
  };
  return message(key, whole.actor, '', ts, { kind: 'service', type: 'm.room.member', content: {}, service: whole });
}

export function timeline(items: readonly TimelineItem[], hasOlder = false): MirrorState['timelines'][string] {
  return {
    items: items.map((item) => item.key),
    events: Object.fromEntries(items.map((item) => [item.key, item])),
    live: true,
    hasOlder,
    hasNewer: false,
    loadingOlder: false,
    loadingNewer: false,
    loadError: null,
  };
}

export const signedIn = (part: Partial<MirrorState>): MirrorState => ({
  ...emptyState(),
  session: { phase: 'signedIn', userId: my, deviceId: 'SCENE', homeserver: 'our.tld' },
  connection: { status: 'live', transport: 'socket', retryAt: null },
  listReady: true,
  ...part,
});
