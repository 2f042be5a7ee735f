// Takes out of the lock what names a place on the network: packages come from wherever npm is set to look.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
  delete entry.resolved;
}
writeFileSync('package-lock.json', JSON.stringify(lock, null, 2) + '\n');
