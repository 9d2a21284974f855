import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page of scenes alone, for the tests that take pictures of it. */
export default defineConfig({
  root: here('../..'),
  plugins: [solid()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    minify: false,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { scenes: here('../../dev/scenes/index.html') } },
  },
  worker: { format: 'es' },
});
