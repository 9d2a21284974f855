import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import solid from 'vite-plugin-solid';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The homeserver serves the page from its own origin; in development the API is proxied to a running one.
const api = process.env.HEARTH_SERVER ?? 'http://localhost:8008';

/** The service worker keeps all files of a build, also those that no page has asked for yet: it gets their list. */
const assetList: Plugin = {
  name: 'asset-list',
  generateBundle(_options, bundle) {
    const files = Object.keys(bundle).filter((file) => file.startsWith('assets/'));
    this.emitFile({ type: 'asset', fileName: 'assets.json', source: JSON.stringify(files.map((file) => `/${file}`)) });
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
