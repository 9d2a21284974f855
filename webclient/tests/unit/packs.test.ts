import { expect, test } from 'vitest';
import { imagePack, packContent, packRooms, shortcodeFrom, withPackRoom } from '../../src/model/image-packs';
import { marksOf, written } from '../../src/model/marks';
import { Homeserver } from './support/homeserver';
import { signedIn, until } from './support/page';

const ROOM = '!room:test';
const WHERE = { id: 'x', name: 'Room', place: null, everywhere: false };
const CATS = {
  pack: { display_name: 'Cats', usage: ['sticker'], attribution: 'ann' },
  images: {
    wave: { url: 'mxc://test/wave', body: 'a waving cat', info: { w: 512 }, usage: ['emoticon'] },
    nap: { url: 'mxc://test/nap' },
    bad: { url: 'https://elsewhere.test/x.png' },
  },
};

test('a pack is read with the uses of each picture, and without what is no picture of ours', () => {
  const pack = imagePack(CATS, WHERE);
  expect(pack).toMatchObject({ name: 'Cats', avatar: 'mxc://test/wave' });
  expect(pack?.images.map(({ shortcode, words, sticker, emoticon }) => [shortcode, words, sticker, emoticon])).toEqual([
    ['wave', 'a waving cat', false, true],
    ['nap', 'nap', true, false],
  ]);
  expect(imagePack({ images: {} }, WHERE)).toBeNull();
  expect(imagePack({ images: 'no' }, WHERE)).toBeNull();
});

test('a pack that is saved keeps what it held besides', () => {
  const images = imagePack(CATS, WHERE)?.images ?? [];
  const content = packContent(CATS, 'More cats', images.slice(0, 1));
  expect(content).toEqual({
    pack: { display_name: 'More cats', usage: ['sticker'], attribution: 'ann' },
    images: { wave: { url: 'mxc://test/wave', body: 'a waving cat', info: { w: 512 }, usage: ['emoticon'] } },
  });
});

test('rooms whose packs are used everywhere come and go', () => {
  const one = withPackRoom({}, '!a', '', true);
  const two = withPackRoom(one, '!b', 'k', true);
  expect(packRooms(two)).toEqual([
    { roomId: '!a', stateKey: '' },
    { roomId: '!b', stateKey: 'k' },
  ]);
  expect(withPackRoom(two, '!a', '', false)).toEqual({ rooms: { '!b': { k: {} } } });
});

test.each([
  ['Happy cat!.png', [], 'Happy_cat'],
  ['cat.png', ['cat', 'cat_2'], 'cat_3'],
  ['кот.webp', [], 'picture'],
])('%j with %j taken is called %j', (file, taken, code) => {
  expect(shortcodeFrom(file, taken)).toBe(code);
});

test('a custom emoji goes out as a picture with its name, and comes back as that name when edited', () => {
  const emoji = { label: ':wave:', id: 'mxc://test/wave' };
  const { text, html, mentions } = written('hi :wave: **you**', [emoji]);
  expect(text).toBe('hi :wave: you');
  expect(html).toContain('<img data-mx-emoticon src="mxc://test/wave" alt=":wave:" title=":wave:" height="32">');
  expect(mentions).toBeUndefined();
  expect(marksOf(html ?? '')).toEqual({ text: 'hi :wave: **you**', mentions: [emoji] });
});

test('packs of the room and those used everywhere are offered, and a sticker is sent', async () => {
  const server = new Homeserver();
  server.room('!other:test', { name: 'Other' });
  server.post('!other:test', '@bob:test', 'm.room.image_pack', { images: { dog: { url: 'mxc://test/dog' } } }, '');
  server.room(ROOM);
  server.post(ROOM, '@bob:test', 'im.ponies.room_emotes', CATS, '');
  const page = await signedIn(server);
  await page.commands.openRoom(ROOM);
  await page.commands.setPackEverywhere('!other:test', '', true);
  const packs = await page.commands.imagePacks(ROOM);
  expect(packs.map(({ name, everywhere }) => [name, everywhere])).toEqual([
    ['Other', true],
    ['Cats', false],
  ]);
  const dog = packs[0]?.images[0];
  if (dog === undefined) {
    throw new Error('no dog');
  }
  await page.commands.sendSticker(ROOM, dog, {});
  await until(() => server.sends.length === 1);
  expect(server.sends[0]?.body).toEqual({ body: 'dog', url: 'mxc://test/dog', info: {} });
});
