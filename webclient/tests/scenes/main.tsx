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
import { setContrast, setTheme, startLook } from '../../src/store/look';
import { createMirror } from '../../src/store/mirror';
import { answersFor } from './answers';
import { message } from './build';
import { bare, scenes } from './scenes';
import { scrollUp } from './scrolling';
import { found, settled } from './steps';

const asked = new URLSearchParams(location.search);
const all = { ...scenes, ...bare };
const scene = all[asked.get('scene') ?? 'main'];
if (!scene) throw new Error(`no such scene; there are ${Object.keys(all).join(', ')}`);

const mirror = createMirror(structuredClone(scene.state));
const commands = new Proxy(answersFor(mirror), {
  get: (known, name: keyof Commands) => known[name] ?? (async () => undefined),
}) as Commands;
const client: Client = { state: mirror.state, commands, showAs: mirror.showAs };
Object.assign(globalThis, { scene: { mirror, client, message, scrollUp, names: Object.keys(scenes) } });

await setLanguage(asked.get('language') === 'ru' ? 'ru' : 'en');
setTheme(asked.get('theme') === 'dark' ? 'dark' : 'light');
setContrast(asked.get('contrast') === 'more' ? 'more' : 'auto');
history.replaceState(null, '', `${location.pathname}${location.search}${scene.hash}`);
// Where the keyboard stands is not what the pictures are about; forms show it by their border.
const calm = new CSSStyleSheet();
calm.replaceSync(':focus-visible { outline: none !important; }');
document.adoptedStyleSheets.push(calm);
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
  // Parts of the page are loaded when they are needed: nothing moves meanwhile either.
  await found(scene.state.session.phase === 'signedIn' ? 'shell' : 'auth-card');
  if (scene.hash.length > 2) await found('messages');
  await settled();
  await scene.act?.();
  await settled();
  document.documentElement.dataset.scene = 'ready';
}
