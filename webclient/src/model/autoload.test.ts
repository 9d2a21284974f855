import { expect, test } from 'vitest';
import { anySize, autoloadFrom, mayLoad } from './autoload';

const home = { network: 'usual', saving: false } as const;
const away = { network: 'mobile', saving: false } as const;
const photo = (bytes: number) => ({ kind: 'photos', bytes, chat: 'dm' }) as const;
const film = (bytes: number) => ({ kind: 'films', bytes, chat: 'dm' }) as const;

test('each kind has its limit in each network', () => {
  const limits = { usual: { films: 3_000_000 }, mobile: { films: 500_000, photos: 0 } };
  const wishes = autoloadFrom({ limits });
  expect([mayLoad(wishes, home, film(3_000_000)), mayLoad(wishes, home, film(3_000_001))]).toEqual([true, false]);
  expect([mayLoad(wishes, away, film(500_000)), mayLoad(wishes, away, film(500_001))]).toEqual([true, false]);
  expect([mayLoad(wishes, home, photo(90_000_000)), mayLoad(wishes, away, photo(1))]).toEqual([true, false]);
});

test('a kind of chats can be left out', () => {
  const wishes = autoloadFrom({ chats: { group: false } });
  expect(mayLoad(wishes, home, { ...photo(1), chat: 'group' })).toBe(false);
  expect(mayLoad(wishes, home, photo(1))).toBe(true);
});

test('a browser that saves data fetches small pictures alone', () => {
  const saving = { network: 'usual', saving: true } as const;
  const wishes = autoloadFrom({});
  expect([photo(100_000), photo(200_000), film(1)].map((file) => mayLoad(wishes, saving, file))).toEqual([
    true,
    false,
    false,
  ]);
});

test('what is stored and makes no sense is as for everybody', () => {
  const wishes = autoloadFrom({ limits: { usual: { photos: 'all', films: 7 }, mobile: null }, play: 'no' });
  expect(wishes).toEqual(autoloadFrom({}));
  expect(wishes.limits.usual.photos).toBe(anySize);
});
