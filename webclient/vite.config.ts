import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import solid from 'vite-plugin-solid';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The homeserver serves the page from its own origin; in development the API is proxied to a running one.
const api = process.env.HEARTH_SERVER ?? 'http://localhost:8008';

/** The service worker keeps all files of a build, also those that no page has asked for yet: it gets their list. */
const assetList: Plugin = {
  name: 'asset-list',
  enforce: 'post',
  generateBundle: {
    // After all others, some of which take away files that turn out to be empty.
    order: 'post',
    handler(_options, bundle) {
      const files = Object.keys(bundle).filter((file) => file.startsWith('assets/'));
      const source = JSON.stringify(files.map((file) => `/${file}`));
      this.emitFile({ type: 'asset', fileName: 'assets.json', source });
    },
  },
};

export default defineConfig({
  plugins: [solid(), assetList],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: here('index.html'), sw: here('sw/worker.ts') },
      output: {
        // The service worker needs a fixed address at the root of its scope; all else carries a hash.
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        // Few files: each is a request, and what is compressed together is smaller. With each go all that it imports;
        // `words` is what the card for signing in shares with the chats.
        codeSplitting: {
          groups: [
            { name: 'index', test: /src\/(app\/main\.tsx|i18n\/words\.ts)$/, priority: 9 },
            { name: 'chats', test: /src\/(app\/columns\.tsx|i18n\/more\.ts)$/, priority: 8 },
            { name: 'sign-in', test: /src\/features\/auth\/auth-screen\.tsx$/, priority: 7 },
            { name: 'phone', test: /src\/features\/auth\/phone\//, priority: 6 },
            { name: 'menus', test: /-menu\.ts$|floating-ui/, priority: 5 },
            { name: 'chat-parts', test: /src\/features\/(timeline|composer|player|search)\//, priority: 4 },
            { name: 'panes', test: /src\/(app|features\/(?!viewer))/, priority: 3 },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/_matrix': { target: api, ws: true },
      '/.well-known': api,
    },
  },
});
