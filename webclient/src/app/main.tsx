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
if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('/sw.js');
