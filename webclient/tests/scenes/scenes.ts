/** The scenes: a state of the store each, where to look, and what to press there. */
import type { MirrorState } from '../../src/store/contract';
import { setMessageList } from '../../src/store/message-list';
import { setPerson } from '../../src/store/messages-ui';
import { emptyState } from '../../src/store/mirror';
import { noOwn } from '../../src/store/own';
import { browseSpace, type LeftPage, openLeft, openRight, type RightPage, setChatSearch } from '../../src/store/pages';
import { clock, message, room, signedIn, timeline } from './build';
import { album, annaChat, crew, family, long, notes, rooms, vault } from './chats';
import { anna, at, boris, membersOf, mia, travis, users } from './people';
import { fill, found, menuOf, press } from './steps';
import { albumTalk, crewTalk, familyTalk, history, notesTalk, oddTalk, sealedTalk } from './talks';

export interface Scene {
  readonly state: MirrorState;
  readonly hash: string;
  readonly act?: () => Promise<void> | void;
}

/** A picture wider than high, of which every part looks different. */
async function stripes(): Promise<Blob> {
  const canvas = new OffscreenCanvas(900, 600);
  const context = canvas.getContext('2d');
  for (let at = 0; at < 9; at += 1) {
    if (context) context.fillStyle = `hsl(${at * 40} 60% 55%)`;
    context?.fillRect(at * 100, 0, 100, 600 - at * 40);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

const archived = (id: string) => rooms.find((one) => one.id === id)?.lowPriority === true;

export const main = signedIn({
  rooms: Object.fromEntries(rooms.map((one) => [one.id, one])),
  roomOrder: rooms.map((one) => one.id).sort((one, other) => Number(archived(one)) - Number(archived(other))),
  users,
  members: {
    [crew]: membersOf(18, { [mia]: 80, [boris]: 50, [anna]: 10 }),
    [album]: membersOf(12),
    [family]: membersOf(7),
    [notes]: membersOf(17),
  },
  membersComplete: { [crew]: true, [album]: true, [family]: true, [notes]: true },
  typing: { '!kwame:our.tld': [at('kwame')], '!board:our.tld': [at('pavel'), at('lea')] },
  drafts: { '!boris:our.tld': { text: 'I will be there at', replyTo: null, editing: null } },
  own: {
    blocked: [at('jo'), '@spam:other.tld'],
    contacts: { [anna]: 'Anna (work)', [mia]: 'Mia', [at('kwame')]: 'Kwame Mensah', [at('olga')]: 'Ольга Сергеевна' },
    folders: [
      { id: 'work', name: 'Work', emoji: '', kinds: [], include: [crew, notes], exclude: [], without: ['archived'] },
    ],
    tabs: { order: [], hidden: [] },
    privacy: { presence: 'everyone', receipts: 'private', typing: true, invites: 'everyone' },
    settings: { ...noOwn.settings, sound: false },
    signIns: { requests: [], recovery: null },
    notify: { dm: true, group: false },
    recentEmoji: [],
    keywords: [],
    threads: {},
  },
  timelines: {
    [crew]: timeline(crewTalk),
    [annaChat]: timeline(oddTalk),
    [vault]: timeline(sealedTalk),
    [album]: timeline(albumTalk),
    [family]: timeline(familyTalk),
    [notes]: timeline(notesTalk),
    [long]: timeline(history.slice(9_000)),
    '!boris:our.tld': timeline([message('$b1', boris, 'see you', clock(12, 20))]),
  },
});

const invitations = ['Garden party', 'Chess by mail'].map((name, number) =>
  room(`!party${number}:other.tld`, name, { membership: 'invite', inviter: number ? mia : travis }),
);
const invited: MirrorState = {
  ...main,
  rooms: { ...main.rooms, ...Object.fromEntries(invitations.map((one) => [one.id, one])) },
  invites: invitations.map((one) => one.id),
};
const stranger = {
  ts: clock(13, 58),
  ip: '198.51.100.23',
  userAgent:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36',
};
/** Somebody wants to come into my account. */
const askedBy = (signIns: Partial<MirrorState['own']['signIns']>): Scene => ({
  state: { ...main, own: { ...main.own, signIns: { requests: [], recovery: null, ...signIns } } },
  hash: `#/${crew}`,
});
const signedOut = (phoneLogin: boolean): MirrorState => ({
  ...emptyState(),
  session: {
    phase: 'signedOut',
    server: {
      name: 'our.tld',
      url: 'http://localhost',
      passwordLogin: true,
      phoneLogin,
      sso: [],
      registration: 'open',
    },
    expired: false,
  },
});

const chat = (roomId: string, act?: Scene['act']): Scene => ({
  state: main,
  hash: `#/${roomId}`,
  ...(act ? { act } : {}),
});
/** Beside a chat where there is room for both. */
const wide = matchMedia('(min-width: 926px)').matches;
const left = (page: LeftPage): Scene => ({
  state: main,
  hash: wide ? `#/${crew}` : '#/',
  act: async () => {
    openLeft(page);
    await found('page-back');
  },
});
const right = (page: RightPage): Scene => ({
  state: main,
  hash: `#/${crew}/info`,
  act: async () => {
    await found('info-panel');
    openRight(page);
    await found('page-back');
  },
});

/** Those of which pictures are taken: each is full of words. */
export const scenes: Readonly<Record<string, Scene>> = {
  list: { state: main, hash: '#/' },
  main: chat(crew),
  private: chat(annaChat),
  family: chat(family),
  album: chat(album),
  notes: chat(notes),
  encrypted: chat(vault),
  invites: { state: invited, hash: '#/' },
  offline: {
    state: { ...main, connection: { status: 'offline', transport: null, retryAt: null } },
    hash: `#/${annaChat}`,
  },
  menu: chat(crew, () => menuOf('bubble', -4)),
  'chat-menu': { state: main, hash: '#/', act: () => menuOf('chat-row', 2) },
  'main-menu': { state: main, hash: '#/', act: () => press('main-menu') },
  writing: chat(crew, async () => {
    await menuOf('bubble', -3);
    await press('menu-reply');
    await fill('composer-input', 'That is what **we** hoped for, @m');
  }),
  picking: chat(crew, async () => {
    await menuOf('bubble', -3);
    await press('menu-select');
    await press('bubble', -5);
  }),
  deleting: chat(crew, async () => {
    await menuOf('bubble', -4);
    await press('menu-delete');
    await found('choice');
  }),
  forwarding: chat(crew, async () => {
    await menuOf('bubble', -3);
    await press('menu-forward');
    await press('forward-row', 1);
    await press('forward-row', 4);
  }),
  emoji: chat(annaChat, async () => {
    await press('emoji');
    await found('emoji-picker');
  }),
  viewer: chat(album, () => press('picture', 1)),
  pins: chat(crew, () => void setMessageList({ kind: 'stars', roomId: null })),
  person: chat(crew, async () => {
    setPerson(mia);
    await found('person-name');
    await found('person-group');
  }),
  search: {
    state: main,
    hash: '#/',
    act: async () => {
      await press('search-input');
      await fill('search-input', 'composer');
      await found('found-group');
    },
  },
  info: { state: main, hash: `#/${crew}/info` },
  'info-media': {
    state: main,
    hash: `#/${album}/info`,
    act: async () => {
      const panel = await found('info-panel');
      panel.querySelectorAll<HTMLElement>('[role=tab]')[1]?.click();
    },
  },
  roles: right('roles'),
  access: right('access'),
  edit: right('edit'),
  links: right('links'),
  banned: right('banned'),
  log: right('log'),
  settings: left('settings'),
  notifications: left('notifications'),
  privacy: left('privacy'),
  appearance: left('appearance'),
  sessions: left('sessions'),
  keyboard: left('keyboard'),
  contacts: left('contacts'),
  explore: left('explore'),
  phone: { state: signedOut(true), hash: '#/', act: () => press('country') },
  'sign-in-asked': askedBy({ requests: [{ ...stranger, id: 'one', expiresTs: clock(23, 59, -1) }] }),
  space: {
    state: main,
    hash: wide ? `#/${crew}` : '#/',
    act: async () => {
      browseSpace('!town:our.tld');
      await found('space-room');
    },
  },
  folder: {
    state: main,
    hash: '#/',
    act: async () => {
      openLeft('folders');
      await press('folder-new');
      await fill('folder-name', 'Weekend');
      await press('folder-group');
    },
  },
  'chat-search': chat(crew, async () => {
    setChatSearch(true);
    await fill('chat-search-input', 'composer');
    await found('found-message');
  }),
  days: chat(crew, async () => {
    setChatSearch(true);
    await press('filter-days');
    await press('menu-days-choose');
    await found('days-chosen');
  }),
  recovery: askedBy({ recovery: { ...stranger, dueTs: clock(13, 58, -7) } }),
};

/** Those with few words by their nature, and those for measuring. */
export const bare: Readonly<Record<string, Scene>> = {
  'sign-in': { state: signedOut(false), hash: '#/' },
  'sign-up': { state: signedOut(false), hash: '#/', act: () => press('to-sign-up') },
  loading: { state: signedIn({ listReady: false }), hash: '#/' },
  empty: { state: signedIn({}), hash: '#/' },
  profile: left('profile'),
  crop: {
    state: main,
    hash: '#/',
    act: async () => {
      openLeft('profile');
      const field = await found('own-photo');
      const files = new DataTransfer();
      files.items.add(new File([await stripes()], 'stripes.png', { type: 'image/png' }));
      const input = field.querySelector('input');
      if (!input) throw new Error('nothing to choose a photo with');
      input.files = files.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
      await found('crop-zoom');
    },
  },
  folded: { state: main, hash: `#/${crew}`, act: async () => (await import('../../src/store/pages')).setFolded(true) },
  long: chat(long),
  'long-closed': { state: main, hash: '#/' },
};
