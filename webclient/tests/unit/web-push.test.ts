import { expect, test } from 'vitest';
import { Homeserver } from './support/homeserver';
import { signedIn } from './support/page';

const KIND = 'app.hearth.webpush';

test('a browser is told of where the server can, by the way that the browser gave, until that ends', async () => {
  const server = new Homeserver();
  let capabilities: object = { [KIND]: { vapid: 'the key' } };
  const pushers = new Map<unknown, object>();
  server.answers = (_method, path, _query, body) => {
    if (path === '/v3/pushers/set') pushers[body.kind === null ? 'delete' : 'set'](body.pushkey, body);
    if (path === '/v3/pushers') return [200, { pushers: [{ app_id: 'phone', pushkey: 'other' }, ...pushers.values()] }];
    return path === '/v3/capabilities' ? [200, { capabilities }] : null;
  };
  const page = await signedIn(server);
  expect(await page.commands.webPushKey()).toBe('the key');
  expect(await page.commands.hasWebPush('point')).toBe(false);
  await page.commands.setWebPush({ url: 'https://push.test/1', p256dh: 'point', auth: 'secret' });
  expect([await page.commands.hasWebPush('point'), await page.commands.hasWebPush('other')]).toEqual([true, false]);
  await page.commands.endWebPush('point');
  expect(await page.commands.hasWebPush('point')).toBe(false);
  const sent = server.requests.filter(({ path }) => path === '/v3/pushers/set').map(({ body }) => body);
  expect(sent).toMatchObject([
    { kind: KIND, app_id: 'app.hearth.web', pushkey: 'point', data: { url: 'https://push.test/1', auth: 'secret' } },
    { kind: null, app_id: 'app.hearth.web', pushkey: 'point' },
  ]);
  capabilities = {};
  expect(await page.commands.webPushKey()).toBeNull();
});
