// Takes the "funding" records out of package-lock.json after a change of dependencies, so that the lock file holds
// no address at all (a test looks for them). `npm ci` does not read these records.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
}
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
