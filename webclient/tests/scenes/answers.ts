/** What the engine would answer in the scenes: enough of it to scroll, write, search and look around. */
import type {
  Commands,
  EventPreview,
  Found,
  LogEntry,
  PublicRoom,
  ServiceLine,
  SharedItem,
  SpaceRoom,
} from '../../src/store/contract';
import type { Mirror } from '../../src/store/mirror';
import { clock, message, my } from './build';
import { album, crew } from './chats';
import { anna, at, boris, mia, nameOfUser, travis, users } from './people';
import { pictureOf } from './pictures';
import { history } from './talks';

const flags = (hasOlder: boolean) => ({
  live: true,
  hasOlder,
  hasNewer: false,
  loadingOlder: false,
  loadingNewer: false,
  loadError: null,
});
const pause_ms = 50;
const page = 50;

const said = (eventId: string, sender: string, text: string, ts: number, roomId = crew): EventPreview => ({
  roomId,
  eventId,
  sender,
  senderName: nameOfUser(sender),
  ts,
  body: { kind: 'text', text },
  thumbnail: null,
});
const sayings: readonly EventPreview[] = [
  said('$c193', mia, 'shall we ship the new composer?', clock(13, 51)),
  said(
    '$c180',
    boris,
    'Every button of the new composer can be reached with Tab, and Esc closes the topmost layer.',
    clock(9, 30),
  ),
  said('$c120', anna, 'The composer grows up to 480 px and then scrolls.', clock(16, 2, 1)),
  said('$c92', my, 'A composer that forgets drafts is no composer', clock(11, 41, 2)),
  said('$c51', travis, 'new composer, new luck', clock(18, 5, 4)),
  said('$m0', at('kwame'), 'No composer was harmed by the lake', clock(12, 58), album),
];
const staged = said('$c192', mia, 'Morning! The new build is on staging.', clock(13, 50));
const found: readonly Found[] = sayings.map((one) => ({ ...one, marks: ['composer'] }));

const publicRoom = (name: string, alias: string, members: number, topic: string): PublicRoom => ({
  roomId: `!${alias}:our.tld`,
  alias: `#${alias}:our.tld`,
  name,
  topic,
  avatar: members > 500 ? `mxc://our.tld/${alias}_cover` : null,
  members,
  access: members % 2 ? 'knock' : 'public',
  isSpace: false,
  worldReadable: true,
});
const publicRooms: readonly PublicRoom[] = [
  publicRoom('Composers of chamber music', 'composers', 812, 'Scores, concerts, and who has a viola to lend.'),
  publicRoom('Cyclists of the river valley', 'cyclists', 1460, 'Routes, repairs, rides on Sundays.'),
  publicRoom('Bread', 'bread', 97, 'Flour, water, salt, time.'),
  publicRoom('Repair café', 'repair', 240, 'Bring what is broken. Every second Saturday in the old fire station.'),
  publicRoom('Amateur astronomers', 'stars', 633, ''),
  publicRoom('שיחה בעברית', 'ivrit', 75, 'כל אחד מוזמן, גם מי שרק לומד'),
  publicRoom(
    'A group with a name that goes on for so long that no list could ever show all of it',
    'long-name',
    12,
    'And a description that does the same, for the sake of those who test lists.',
  ),
  publicRoom('Plants', 'plants', 318, 'Who waters them.'),
];

const inTown = (room: PublicRoom, children: readonly PublicRoom[] = []): SpaceRoom => ({
  ...room,
  isSpace: children.length > 0,
  way: room.access === 'knock' ? 'ask' : 'join',
  children: children.map((one) => ({ id: one.roomId, via: ['our.tld'] })),
});
const crafts = publicRoom('Crafts', 'crafts', 96, 'What hands can do.');
const town: readonly SpaceRoom[] = [
  inTown(
    {
      ...publicRoom('Our town', 'town', 2408, 'Everything about the town and who lives in it.'),
      roomId: '!town:our.tld',
    },
    [...publicRooms.slice(1, 3), crafts, ...publicRooms.slice(5)],
  ),
  ...publicRooms.slice(1, 3).map((one) => inTown(one)),
  inTown(crafts, publicRooms.slice(3, 5)),
  ...publicRooms.slice(3).map((one) => inTown(one)),
];

const line = (part: Partial<ServiceLine>): ServiceLine => ({
  what: 'other',
  actor: mia,
  actorName: 'Mia Lindqvist',
  target: null,
  targetName: '',
  value: '',
  before: '',
  ...part,
});
const rights: { readonly [what in ServiceLine['what']]?: LogEntry['changes'] } = {
  role: [{ what: 'given', name: 'Boris', role: 'Keepers' }],
  roles: [
    { what: 'allowed', role: 'Keepers', permissions: ['pin', 'mention_all'] },
    { what: 'denied', role: null, permissions: ['links'] },
  ],
};
const log: readonly LogEntry[] = [
  line({ what: 'banned', target: at('tomasz'), targetName: 'Tomasz Wiśniewski', value: 'advertising' }),
  line({ what: 'role', actor: my, actorName: 'Me Myself', target: boris, targetName: 'Boris' }),
  line({ what: 'roomNamed', value: 'Design crew' }),
  line({ what: 'topicSet', actor: boris, actorName: 'Boris', value: 'Be kind, bring sketches.' }),
  line({ what: 'roles', actor: my, actorName: 'Me Myself' }),
  line({ what: 'invited', target: anna, targetName: 'Anna Petrova' }),
  line({ what: 'joined', actor: anna, actorName: 'Anna Petrova' }),
  line({
    what: 'kicked',
    actor: my,
    actorName: 'Me Myself',
    target: travis,
    targetName: 'Travis',
    value: 'asked for it',
  }),
  line({ what: 'roomAvatar' }),
  line({ what: 'pinned', actor: boris, actorName: 'Boris' }),
].map((one, number) => ({
  eventId: `$g${number}`,
  ts: clock(13, 59 - number * 5),
  actor: one.actor,
  kind: 'settings',
  line: one,
  changes: rights[one.what] ?? [],
}));

const shared = (number: number): SharedItem => ({
  ...said(`$m${number}`, at('kwame'), '', clock(12, number, number * 4), album),
  body: { kind: 'image', text: '' },
  thumbnail: `mxc://our.tld/shared_${number}`,
  mxc: `mxc://our.tld/shared_${number}`,
  mimetype: 'image/jpeg',
  size: 90_000,
  isVideo: false,
  url: '',
});

/** Commands that answer; `mirror` is changed by those that write. */
export function answersFor(mirror: Mirror): Partial<Commands> {
  let sent = 0;
  const { state } = mirror;
  return {
    async loadOlder(roomId) {
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
      const first = Number(state.timelines[roomId]?.items[0]?.slice(2));
      const older = history.slice(Math.max(0, first - page), first);
      mirror.apply([
        {
          p: 'timeline',
          roomId,
          splice: { at: 0, remove: 0, insert: older.map((item) => item.key) },
          events: Object.fromEntries(older.map((item) => [item.key, item])),
          flags: flags(first > page),
        },
      ]);
    },
    async sendMessage(roomId, draft) {
      sent += 1;
      const key = `~${sent}`;
      const item = message(key, my, draft.text, Date.now(), { eventId: null, delivery: 'sending' });
      const end = state.timelines[roomId]?.items.length ?? 0;
      mirror.apply([
        {
          p: 'timeline',
          roomId,
          splice: { at: end, remove: 0, insert: [key] },
          events: { [key]: item },
          flags: flags(false),
        },
      ]);
      return key;
    },
    features: async () =>
      ['roles', 'invites', 'restrict_until', 'close_room', 'privacy'].map((one) => `app.hearth.${one}`),
    loadMedia: (mxc) => pictureOf(mxc),
    searchUser: async (userId) => ({ userId, name: nameOfUser(userId), avatar: users[userId]?.avatar ?? null }),
    searchPeople: async () => [{ userId: '@composer:other.tld', name: 'Composer Collective', avatar: null }],
    searchMessages: async () => ({ entries: found, next: null, count: 6, marks: ['composer'] }),
    publicRooms: async () => ({ entries: publicRooms, next: null }),
    roomSummary: async () => publicRooms[0] ?? Promise.reject(new Error('there is none')),
    spaceRooms: async () => ({ entries: town, next: null }),
    usernameAvailable: async (_server, name) => name !== 'taken',
    previews: async (_roomId, eventIds) => [...sayings, staged].filter((one) => eventIds.includes(one.eventId)),
    starred: async () => [...sayings],
    commonRooms: async () => [crew, album, '!hikers:our.tld'],
    banned: async () =>
      ['tomasz', 'ines', 'pavel', 'jo', 'eleni', 'lea'].map((name, number) => ({
        userId: at(name),
        name: nameOfUser(at(name)),
        by: number % 2 ? my : mia,
        byName: number % 2 ? 'Me Myself' : 'Mia Lindqvist',
        reason:
          ['advertising', '', 'shouting at newcomers, again and again, after three friendly warnings'][number % 3] ??
          '',
        ts: clock(10, number, number * 9),
      })),
    inviteLinks: async () =>
      ['Newsletter', 'For friends of friends', 'The poster in the hall', 'Conference'].map((name, number) => ({
        token: `T0ken${number}aBcDeFgH`,
        creator: my,
        name,
        createdTs: clock(9, 0, number + 1),
        expiresTs: number % 2 ? clock(9, 0, -20) : null,
        maxUses: number > 1 ? 50 : null,
        uses: number * 7,
        approval: number === 2,
        users: [],
      })),
    adminLog: async () => ({ entries: log, next: null }),
    sharedCounts: async () => ({
      counts: { media: 18, files: 0, links: 0, music: 0, voice: 0 },
      all: { media: true, files: true, links: true, music: true, voice: true },
    }),
    sharedMedia: async () => ({ entries: Array.from({ length: 18 }, (_, number) => shared(number)), next: null }),
    sessions: async () =>
      ['Hearth in Chromium on Linux', 'Hearth on a phone', 'Element on the laptop', 'A terminal'].map(
        (name, number) => ({
          deviceId: `DEVICE${number}`,
          name,
          ip: `198.51.100.${number + 4}`,
          seenTs: clock(13 - number, 20, number),
          current: number === 0,
        }),
      ),
  };
}
