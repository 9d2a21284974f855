// Writes FILE.br and FILE.gz beside each file of a built web client that gets smaller by it.
// node precompress.mjs FOLDER QUALITY: Brotli's quality for the big wasm files; all others get 11.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [folder, wasmQuality] = process.argv.slice(2);
const compressible = /\.(css|html|js|json|mjs|svg|txt|wasm|webmanifest|ftl)$/;

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !compressible.test(entry.name)) continue;
  const file = join(entry.parentPath, entry.name);
  const bytes = readFileSync(file);
  const quality = entry.name.endsWith('.wasm') ? Number(wasmQuality) : 11;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  for (const [suffix, packed] of [
    ['.br', brotliCompressSync(bytes, { params })],
    ['.gz', gzipSync(bytes, { level: 9 })],
  ]) {
    if (packed.length < bytes.length * 0.95) writeFileSync(file + suffix, packed);
  }
}
