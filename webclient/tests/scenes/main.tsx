/** A page of fixtures, outside of the production build: `/dev/scenes/?scene=main&theme=dark`. */
import '../../src/styles/fonts.css';
import '../../src/styles/tokens.css';
import '../../src/styles/themes.css';
import '../../src/styles/reset.css';
import '../../src/styles/motion.css';
import { render } from 'solid-js/web';
import { startRoutes } from '../../src/app/routes';
import { Shell } from '../../src/app/shell';
import { setLanguage } from '../../src/i18n';
import { ClientContext } from '../../src/store/context';
import type { Client, Commands } from '../../src/store/contract';
import { setTheme, startLook } from '../../src/store/look';
import { createMirror } from '../../src/store/mirror';
import { message, my } from './build';
import { olderHistory, scenes } from './fixtures';
import { scrollUp } from './scrolling';

const asked = new URLSearchParams(location.search);
const scene = scenes[asked.get('scene') ?? 'main'];
if (!scene) throw new Error(`no such scene; there are ${Object.keys(scenes).join(', ')}`);

const mirror = createMirror(structuredClone(scene.state));
const { state } = mirror;
const flags = (hasOlder: boolean) => ({
  live: true,
  hasOlder,
  hasNewer: false,
  loadingOlder: false,
  loadingNewer: false,
  loadError: null,
});
let sent = 0;

/** Enough of an engine to scroll, write and look around. */
const answers: Partial<Commands> = {
  async loadOlder(roomId) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const first = Number(state.timelines[roomId]?.items[0]?.slice(2));
    const page = olderHistory.slice(Math.max(0, first - 50), first);
    mirror.apply([
      {
        p: 'timeline',
        roomId,
        splice: { at: 0, remove: 0, insert: page.map((item) => item.key) },
        events: Object.fromEntries(page.map((item) => [item.key, item])),
        flags: flags(first > 50),
      },
    ]);
  },
  async sendMessage(roomId, draft) {
    sent += 1;
    const key = `~${sent}`;
    const item = message(key, my, draft.text, Date.now(), { eventId: null, delivery: 'sending' });
    const at = state.timelines[roomId]?.items.length ?? 0;
    mirror.apply([
      { p: 'timeline', roomId, splice: { at, remove: 0, insert: [key] }, events: { [key]: item }, flags: flags(false) },
    ]);
    return key;
  },
  async searchUser(userId) {
    return { userId, name: userId.slice(1).split(':')[0] ?? '', avatar: null };
  },
  async usernameAvailable(_server, name) {
    return name !== 'taken';
  },
};
const commands = new Proxy(answers, {
  get: (known, name: keyof Commands) => known[name] ?? (async () => undefined),
}) as Commands;
const client: Client = { state, commands };
Object.assign(globalThis, { scene: { mirror, client, message, scrollUp } });

await setLanguage(asked.get('language') === 'ru' ? 'ru' : 'en');
setTheme(asked.get('theme') === 'dark' ? 'dark' : 'light');
history.replaceState(null, '', `${location.pathname}${location.search}${scene.hash}`);
const place = document.getElementById('app');
if (place) {
  render(() => {
    startLook();
    startRoutes();
    return (
      <ClientContext.Provider value={client}>
        <Shell />
      </ClientContext.Provider>
    );
  }, place);
}
