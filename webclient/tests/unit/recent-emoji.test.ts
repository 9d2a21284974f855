import { expect, test } from 'vitest';
import { recentSigns, withEmoji } from '../../src/model/recent-emoji';
import { Homeserver } from './support/homeserver';
import { signedIn } from './support/page';

test('an emoji that is used goes to the front and is counted', () => {
  const once = withEmoji({}, '🚀');
  const twice = withEmoji(withEmoji(once, '🍕'), '🚀');
  expect(twice).toEqual({
    recent_emoji: [
      { emoji: '🚀', total: 2 },
      { emoji: '🍕', total: 1 },
    ],
  });
  expect(recentSigns(twice, 1)).toEqual(['🚀']);
});

test('what is not understood is kept, what is wrong goes, and there are never more than a hundred', () => {
  const odd = { emoji: ':parrot:', total: 3, pack: 'x' };
  const content = { recent_emoji: [odd, { emoji: '🍕', total: -1 }, 'no', { total: 1 }] };
  expect(withEmoji(content, '🚀')).toEqual({ recent_emoji: [{ emoji: '🚀', total: 1 }, odd, { total: 1 }] });
  let many: Record<string, unknown> = {};
  for (let at = 0; at < 130; at += 1) many = { ...withEmoji(many, String.fromCodePoint(0x1f600 + at)) };
  expect((many.recent_emoji as unknown[]).length).toBe(100);
});

test('all devices have what was used on one', async () => {
  const server = new Homeserver();
  server.room('!room:test', { name: 'Room' });
  const page = await signedIn(server);
  await page.commands.noteEmoji('🚀');
  expect(page.state.own.recentEmoji).toEqual(['🚀']);
  expect(server.accountData.get('m.recent_emoji')).toEqual({ recent_emoji: [{ emoji: '🚀', total: 1 }] });
});
