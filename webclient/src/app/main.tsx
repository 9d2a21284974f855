import '../styles/fonts.css';
import '../styles/tokens.css';
import '../styles/themes.css';
import '../styles/reset.css';
import '../styles/motion.css';
import { render } from 'solid-js/web';
import { startLanguage } from '../i18n';
import { connectEngine } from '../store/client';
import { ClientContext } from '../store/context';
import { startMedia } from '../store/media';
import { startRoutes } from './routes';
import { Shell } from './shell';
import { startTheme } from './theme';

const client = connectEngine();
startMedia(client);
const place = document.getElementById('app');

await startLanguage();
if (place) {
  render(() => {
    startTheme();
    startRoutes();
    return (
      <ClientContext.Provider value={client}>
        <Shell />
      </ClientContext.Provider>
    );
  }, place);
}
if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('/sw.js');
