/** Thirty chats: pinned, muted, unread, with drafts and typing, of all kinds, with names short, long and in any script. */
import type { Room } from '../../src/store/contract';
import { clock, groupOf, my, preview, room } from './build';
import { anna, at, mum, travis, users } from './people';
import { roleList } from './roles';

export const crew = '!crew:our.tld';
export const album = '!album:our.tld';
export const family = '!family:our.tld';
export const notes = '!notes:our.tld';
export const hq = '!hq:other.tld';
export const vault = '!vault:our.tld';
export const long = '!long:our.tld';
export const annaChat = '!anna:our.tld';
export const hikers = '!hikers:our.tld';

const unread = (notifications: number, highlights = 0, marked = false) => ({ notifications, highlights, marked });
const body = (kind: 'image' | 'voice' | 'file' | 'video' | 'sticker' | 'audio', text = '') => ({
  body: { kind, text },
});

/** A private chat with somebody. */
function dm(id: string, person: string, more: Partial<Room>): Room {
  const one = users[person];
  return room(id, one?.name ?? person, {
    kind: 'dm',
    dmUserId: person,
    avatar: one?.avatar ?? null,
    joinedCount: 2,
    ...more,
  });
}

const plain = (id: string, name: string, sender: string, text: string, ts: number, more: Partial<Room> = {}): Room =>
  room(`!${id}:our.tld`, name, { preview: preview(sender, text, ts), ...more });

export const rooms: readonly Room[] = [
  room('!saved:our.tld', '', {
    saved: true,
    pinned: true,
    joinedCount: 1,
    preview: preview('me', 'Grocery list for Saturday: bread, lemons, something nice for the cat', clock(12, 0, 2)),
  }),
  room(crew, 'Design crew', {
    avatar: 'mxc://our.tld/face_crew',
    pinned: true,
    preview: preview('Mia', 'shall we ship the new composer?', clock(14, 2)),
    unread: unread(12, 1),
    readUpTo: '$c197',
    joinedCount: 19,
    topic: 'Everything about how it looks. Be kind, bring sketches.',
    pins: ['$c180', '$c192'],
    group: groupOf({
      creators: [my],
      roles: roleList,
      rolesOf: { [at('mia')]: ['lead'], [at('boris')]: ['helper'] },
      requests: [travis],
    }),
  }),
  dm(annaChat, anna, { preview: preview('me', 'on my way', clock(13, 58), { delivery: 'read' }) }),
  room(album, 'Summer by the lake', {
    avatar: 'mxc://our.tld/lake_cover',
    preview: preview('Kwame', '', clock(13, 52), body('image')),
    unread: unread(3),
    joinedCount: 13,
  }),
  room(hq, 'Matrix HQ', {
    preview: preview('Travis', '', clock(13, 41), body('image')),
    unread: unread(431, 1),
    muted: true,
    isPublic: true,
    joinedCount: 21_804,
    group: groupOf({ access: 'public', alias: '#matrix:other.tld', notify: 'mentions' }),
  }),
  room(family, 'משפחת לוי', {
    preview: preview('נועה', 'נפגשים בשבע אצל סבתא, תביאו סלט', clock(13, 30)),
    unread: unread(2),
    joinedCount: 8,
  }),
  dm('!yusuf:our.tld', at('yusuf'), { preview: preview('يوسف', 'شكرا جزيلا، أراك غدا إن شاء الله', clock(13, 12)) }),
  dm('!boris:our.tld', at('boris'), { preview: preview('Boris', 'see you', clock(12, 20)) }),
  room(hikers, 'Weekend hikers', {
    avatar: 'mxc://our.tld/hills_cover',
    preview: preview('me', 'see you at the station', clock(11, 7), { delivery: 'read' }),
    joinedCount: 11,
  }),
  dm('!max:our.tld', at('maximiliana'), {
    preview: preview(
      'Max',
      'A name like mine needs a wide list, does it not? I have been told so by every form.',
      clock(10, 44),
    ),
    unread: unread(0, 0, true),
  }),
  room(notes, 'Release notes & marks', {
    joinedCount: 18,
    preview: preview('Léa', '', clock(10, 5), body('file', 'notes-1.9.pdf')),
  }),
  dm('!mum:our.tld', mum, { preview: preview('me', '', clock(9, 12), { ...body('voice'), delivery: 'sent' }) }),
  plain('py', 'Pythonistas', 'Guido', 'indentation is a feature', clock(12, 0, 1), {
    unread: unread(3),
    isPublic: true,
  }),
  dm(vault, at('vera'), {
    encrypted: true,
    preview: preview('Vera', '', clock(12, 0, 1), { body: { kind: 'encrypted', text: '' } }),
  }),
  dm('!akira:our.tld', at('akira'), { preview: preview('明', '明日の会議は十時からです。', clock(10, 0, 1)) }),
  plain(
    'flat',
    'Flat 12: neighbours, parcels and the everlasting question of who waters the plants',
    'Jo',
    'not me',
    clock(9, 0, 1),
  ),
  dm('!olga:our.tld', at('olga'), { preview: preview('Ольга', 'Договорились, до пятницы!', clock(20, 10, 2)) }),
  room(long, 'Long history', { preview: preview('Mia', 'message 9999', clock(9, 0, 2)) }),
  dm('!kwame:our.tld', at('kwame'), { preview: preview('Kwame', '', clock(18, 30, 2), body('video')) }),
  plain('choir', 'Choir on Tuesdays', 'Inês', 'altos at six, the rest at seven', clock(16, 4, 2), {
    muted: true,
    unread: unread(58),
  }),
  dm('!siobhan:our.tld', at('siobhan'), {
    preview: preview('me', 'Thanks a million', clock(12, 12, 3), { delivery: 'read' }),
  }),
  plain('board', 'Board games', 'Pavel', 'I will bring the one with the sheep', clock(22, 40, 3)),
  dm('!lea:our.tld', at('lea'), { preview: preview('Léa', '', clock(17, 1, 4), body('sticker')) }),
  plain('book', 'Book club', 'Siobhán', 'chapter nine changes everything', clock(15, 0, 5), { unread: unread(1) }),
  dm('!tomasz:our.tld', at('tomasz'), { preview: preview('Tomasz', 'Do zobaczenia', clock(8, 15, 9)) }),
  plain('rover', 'Rover telemetry', 'Weather bot', 'battery 84 %, dust low, wind from the west', clock(4, 0, 12), {
    muted: true,
    unread: unread(1204),
  }),
  dm('!eleni:our.tld', at('eleni'), { preview: preview('Ελένη', 'Τα λέμε αύριο', clock(19, 0, 20)) }),
  plain('old', 'Old office', 'me', 'Last one out turns off the light', clock(17, 59, 40)),
  dm('!ines:our.tld', at('ines'), { preview: preview('Inês', '', clock(13, 0, 60), body('audio', 'fado.ogg')) }),
  plain('class', 'Class of 2009', 'Tomasz', 'who still has the photos?', clock(11, 0, 400)),
  plain('yard', 'Yard sale', 'Jo', 'sold the piano', clock(10, 0, 500), { lowPriority: true, unread: unread(2) }),
  plain('noise', 'Noise', 'Pavel', 'beep', clock(9, 0, 510), { lowPriority: true }),
];
