import { expect, test } from 'vitest';
import { Homeserver } from './support/homeserver';
import { signedIn } from './support/page';

const KIND = 'app.hearth.webpush';

test('a browser is told of where the server can, by the way that the browser gave, until that ends', async () => {
  const server = new Homeserver();
  let capabilities: object = { [KIND]: { vapid: 'the key' } };
  server.answers = (_method, path) => (path === '/v3/capabilities' ? [200, { capabilities }] : null);
  const page = await signedIn(server);
  expect(await page.commands.webPushKey()).toBe('the key');
  await page.commands.setWebPush({ url: 'https://push.test/1', p256dh: 'point', auth: 'secret' });
  await page.commands.endWebPush('point');
  const sent = server.requests.filter(({ path }) => path === '/v3/pushers/set').map(({ body }) => body);
  expect(sent).toMatchObject([
    { kind: KIND, app_id: 'app.hearth.web', pushkey: 'point', data: { url: 'https://push.test/1', auth: 'secret' } },
    { kind: null, app_id: 'app.hearth.web', pushkey: 'point' },
  ]);
  capabilities = {};
  expect(await page.commands.webPushKey()).toBeNull();
});
