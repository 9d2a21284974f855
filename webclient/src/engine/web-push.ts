/** Commands about being told while no page is open. Spec of ours: docs/extensions.md, Web Push. */
import { list, object, textOrNull } from '../model/events';
import { browserPusher, WEB_APP_ID, WEB_PUSH } from '../model/web-push';
import type { WebPushCommands } from '../store/web-push';
import type { Core } from './core';

const V3 = '/_matrix/client/v3';

export function webPushCommands(core: Core): WebPushCommands {
  const set = (body: unknown) => core.http({ method: 'POST', path: `${V3}/pushers/set`, body });
  return {
    webPushKey: async () => {
      const answer = await core.http({ method: 'GET', path: `${V3}/capabilities` });
      return textOrNull(object(object(answer.capabilities)[WEB_PUSH]).vapid);
    },
    hasWebPush: async (p256dh) => {
      const answer = await core.http({ method: 'GET', path: `${V3}/pushers` });
      return list(answer.pushers)
        .map(object)
        .some((one) => one.app_id === WEB_APP_ID && one.pushkey === p256dh);
    },
    setWebPush: async (address) => {
      await set(browserPusher(address));
    },
    endWebPush: async (p256dh) => {
      await set({ kind: null, app_id: WEB_APP_ID, pushkey: p256dh });
    },
  };
}
