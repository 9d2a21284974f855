/** The scenes: one state of the store each. */
import type { MirrorState, Room, TimelineItem } from '../../src/store/contract';
import { emptyState } from '../../src/store/mirror';
import { clock, member, message, my, preview, room, service, signedIn, timeline, user } from './build';

const crew = '!crew:our.tld';
const anna = '!anna:our.tld';
const hq = '!hq:our.tld';
const vault = '!vault:our.tld';
const long = '!long:our.tld';
const [mia, boris, travis] = ['@mia:our.tld', '@boris:our.tld', '@travis:other.tld'];

const unread = (notifications: number, highlights = 0) => ({ notifications, highlights, marked: false });
const dm = (id: string, name: string, more: Partial<Room>): Room => {
  const person = `@${id.slice(1).split(':')[0]}:our.tld`;
  return room(id, name, { kind: 'dm', dmUserId: person, joinedCount: 2, ...more });
};

const rooms: Room[] = [
  room('!saved:our.tld', 'Saved Messages', {
    preview: preview('x', 'Grocery list for Saturday', clock(12, 0, 2)),
    kind: 'dm',
    pinned: true,
  }),
  room(crew, 'Design crew', {
    preview: preview('Mia', 'shall we ship the new composer?', clock(14, 2)),
    unread: unread(12),
    readUpTo: '$6',
  }),
  dm(anna, 'Anna Petrova', { preview: preview('me', 'on my way', clock(13, 58), { delivery: 'read' }) }),
  room(hq, 'Matrix HQ', {
    preview: preview('Travis', '', clock(13, 41), { body: { kind: 'image', text: '' } }),
    unread: unread(431, 1),
    muted: true,
  }),
  dm('!boris:our.tld', 'Boris', { preview: preview('Boris', 'see you', clock(12, 20)) }),
  room('!hikers:our.tld', 'Weekend hikers', {
    preview: preview('me', 'see you at the station', clock(11, 7), { delivery: 'read' }),
  }),
  room('!py:our.tld', 'Public: Pythonistas', {
    preview: preview('Guido', 'indentation is a feature', clock(12, 0, 3)),
    unread: unread(3),
  }),
  dm('!mum:our.tld', 'Mum', { preview: preview('me', 'Voice message', clock(12, 0, 4), { delivery: 'sent' }) }),
  dm(vault, 'Vera', {
    encrypted: true,
    preview: preview('Vera', '', clock(12, 0, 5), { body: { kind: 'encrypted', text: '' } }),
  }),
  room(long, 'Long history', { preview: preview('Mia', 'message 9999', clock(9, 0, 6)) }),
];

const talk: TimelineItem[] = [
  service('$1', { what: 'invited', actor: mia, actorName: 'Mia', target: boris, targetName: 'Boris' }, clock(13, 49)),
  message('$2', mia, 'Morning! The new build is on staging.', clock(13, 50)),
  message('$3', mia, 'shall we ship the new composer?', clock(13, 51)),
  message('$4', my, 'Let me run the visual snapshots first', clock(13, 55)),
  message(
    '$5',
    my,
    'All green on desktop and on the phone layout. The reply bar slides in 150 ms and the send button morphs to a tick while editing.',
    clock(13, 56),
    {
      reply: {
        eventId: '$3',
        quoted: {
          sender: mia,
          senderName: 'Mia',
          body: { kind: 'text', text: 'shall we ship the new composer?' },
          thumbnail: null,
        },
      },
    },
  ),
  message('$6', boris, 'Nice.', clock(14, 1), { reactions: [{ key: '👍', count: 3, senders: [mia], mine: false }] }),
  message('$7', travis, 'Looks good from the other homeserver too 🎉', clock(14, 2)),
  message('$8', my, 'Shipping it', clock(14, 3), { delivery: 'sent' }),
];

const odd: TimelineItem[] = [
  service('$o1', { what: 'created', actor: my, actorName: 'Me' }, clock(10, 0, 1)),
  message('$o2', '@anna:our.tld', 'An edited one, see https://example.org/a?b=c.', clock(10, 1, 1), { edited: true }),
  message('$o3', '@anna:our.tld', '', clock(10, 2, 1), { kind: 'redacted', content: {} }),
  message('$o4', '@anna:our.tld', '', clock(10, 3, 1), { kind: 'encrypted', content: {} }),
  message('$o5', my, 'This one did not go out', clock(13, 55), {
    delivery: 'failed',
    error: { errcode: 'NETWORK', message: '', status: 0, retryAfterMs: null },
  }),
  message('$o6', my, 'This one is on its way', clock(13, 56), { eventId: null, delivery: 'sending' }),
];

const sealed = [message('$e1', '@vera:our.tld', '', clock(12, 0, 5), { kind: 'encrypted', content: {} })];

const words = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen'.split(
  ' ',
);
const history: TimelineItem[] = Array.from({ length: 10_000 }, (_, at) => {
  const text = Array.from({ length: 1 + ((at * 7919) % 60) }, (_, word) => words[(at + word) % words.length]).join(' ');
  const sender = [mia, my, boris, boris, mia][(at >> 1) % 5] ?? mia;
  return message(`$l${at}`, sender, `${at} ${text}`, clock(9, 0, 6) - (10_000 - at) * 60_000);
});

const users = Object.fromEntries(
  [
    user(my, 'Me', true),
    user(mia, 'Mia', true),
    user(boris, 'Boris', true),
    user(travis, 'Travis'),
    user('@anna:our.tld', 'Anna Petrova', true),
    user('@mum:our.tld', 'Mum', true),
  ].map((one) => [one.id, one]),
);

const members = {
  [crew]: Object.fromEntries(
    [member(my, 'Me', 100), member(mia, 'Mia', 50), member(boris, 'Boris'), member(travis, 'Travis')].map((one) => [
      one.userId,
      one,
    ]),
  ),
};

const main = signedIn({
  rooms: Object.fromEntries(rooms.map((one) => [one.id, one])),
  roomOrder: rooms.map((one) => one.id),
  users,
  members,
  membersComplete: { [crew]: true },
  typing: { [anna]: ['@anna:our.tld'] },
  drafts: { '!boris:our.tld': { text: 'I will be there at', replyTo: null, editing: null } },
  timelines: {
    [crew]: timeline(talk),
    [anna]: timeline(odd),
    [vault]: timeline(sealed),
    [long]: timeline(history.slice(9000)),
  },
});

const invited = room('!party:other.tld', 'Garden party', { membership: 'invite', inviter: travis });

export const scenes: Record<string, { state: MirrorState; hash: string }> = {
  list: { state: main, hash: '#/' },
  main: { state: main, hash: `#/${crew}` },
  info: { state: main, hash: `#/${crew}/info` },
  odd: { state: main, hash: `#/${anna}` },
  encrypted: { state: main, hash: `#/${vault}` },
  long: { state: main, hash: `#/${long}` },
  invites: {
    state: { ...main, rooms: { ...main.rooms, [invited.id]: invited }, invites: [invited.id] },
    hash: '#/',
  },
  offline: { state: { ...main, connection: { status: 'offline', transport: null, retryAt: null } }, hash: `#/${crew}` },
  loading: { state: signedIn({ listReady: false }), hash: '#/' },
  empty: { state: signedIn({}), hash: '#/' },
  auth: {
    state: {
      ...emptyState(),
      session: {
        phase: 'signedOut',
        server: {
          name: 'our.tld',
          url: 'http://localhost',
          passwordLogin: true,
          phoneLogin: false,
          registration: 'open',
        },
        expired: false,
      },
    },
    hash: '#/',
  },
};

export const olderHistory = history;
