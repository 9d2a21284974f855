/** Who lives in the scenes: names short and long, in several scripts, some with a photo. */
import type { Member, User } from '../../src/store/contract';
import { clock, member, my, user } from './build';

/** Local part, name, whether they have a photo, whether they are online. */
const table: readonly (readonly [string, string, boolean, boolean])[] = [
  ['mia', 'Mia Lindqvist', true, true],
  ['boris', 'Boris', false, true],
  ['anna', 'Anna Petrova', true, true],
  ['mum', 'Mum', true, false],
  ['vera', 'Vera', false, false],
  ['noa', 'נועה לוי', true, true],
  ['yusuf', 'يوسف الحداد', false, true],
  ['akira', '田中 明', false, false],
  ['maximiliana', 'Maximiliana Konstantinopolskaya-Featherstonehaugh the Younger', false, true],
  ['olga', 'Ольга Сергеевна', true, false],
  ['jo', 'Jo', false, false],
  ['kwame', 'Kwame Mensah', true, true],
  ['ines', 'Inês Carvalho', false, false],
  ['siobhan', 'Siobhán Ní Bhriain', true, false],
  ['pavel', 'Pavel Dvořák', false, true],
  ['lea', 'Léa Fontaine', false, false],
  ['tomasz', 'Tomasz Wiśniewski', false, false],
  ['eleni', 'Ελένη Παπαδοπούλου', false, true],
];

const foreign: readonly (readonly [string, string])[] = [
  ['@travis:other.tld', 'Travis'],
  ['@guido:python.example', 'Guido'],
  ['@bot:bridges.example', 'Weather bot'],
];

export const at = (localpart: string): string => `@${localpart}:our.tld`;
export const [mia, boris, anna, mum] = [at('mia'), at('boris'), at('anna'), at('mum')];
export const travis = '@travis:other.tld';

const photoOf = (localpart: string): string => `mxc://our.tld/face_${localpart}`;

export const users: Readonly<Record<string, User>> = Object.fromEntries(
  [
    { ...user(my, 'Me Myself', true), avatar: photoOf('me') },
    ...table.map(([localpart, name, photo, online]) => ({
      ...user(at(localpart), name, online),
      avatar: photo ? photoOf(localpart) : null,
      lastActiveTs: clock(11, localpart.length),
    })),
    ...foreign.map(([id, name]) => user(id, name)),
  ].map((one) => [one.id, one]),
);

export const nameOfUser = (id: string): string => users[id]?.name ?? id;

/** Members of a group: me as its owner, and the first `count` of all others. */
export function membersOf(count: number, levels: Readonly<Record<string, number>> = {}): Record<string, Member> {
  const ids = [my, ...Object.keys(users).filter((id) => id !== my)].slice(0, count + 1);
  return Object.fromEntries(
    ids.map((id) => {
      const one = member(id, nameOfUser(id), id === my ? 100 : (levels[id] ?? 0));
      return [id, { ...one, avatar: users[id]?.avatar ?? null }];
    }),
  );
}
