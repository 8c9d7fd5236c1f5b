/** A process that commits to the LMDB environment named on its command line, unsynced, till its end. */
import { open } from 'lmdb';

const [path] = process.argv.slice(2);
const root = open({ path, noSubdir: false, noSync: true, overlappingSync: false, maxDbs: 10 });
const table = root.openDB({ name: 'records' });
process.stdout.write('ready\n');
const MAX_MS = 30_000;
const end = Date.now() + MAX_MS;
for (let round = 0; Date.now() < end; round += 1)
  root.transactionSync(() => {
    table.putSync(`key ${round % 100}`, round);
    table.putSync('round', round);
  });
