import './forbidden';
import '../styles/fonts.css';
import '../styles/tokens.css';
import '../styles/themes.css';
import '../styles/reset.css';
import '../styles/motion.css';
import { render } from 'solid-js/web';
import { startLanguage } from '../i18n';
import { connectEngine } from '../store/client';
import { ClientContext } from '../store/context';
import { startLook } from '../store/look';
import { startRoutes } from './routes';
import { Shell } from './shell';

const client = connectEngine();
const place = document.getElementById('app');

await startLanguage();
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

/** The files of the build that nobody has asked for are fetched when the page has had its own. */
const rest_after_ms = 10_000;

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  const { serviceWorker } = navigator;
  serviceWorker.register('/sw.js').catch(() => undefined);
  setTimeout(() => {
    void serviceWorker.ready.then((registration) => registration.active?.postMessage({ t: 'keep-rest' }));
  }, rest_after_ms);
}
