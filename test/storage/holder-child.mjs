/** A process that opens the store named on its command line, says so, and holds it until it is killed. */
import { LmdbStore } from '../../dist/src/storage/lmdb/lmdb-store.js';

const [dir] = process.argv.slice(2);
const store = await LmdbStore.open({ dir, nowMs: Date.now() });
process.stdout.write(`epoch ${store.epoch}\n`);
setInterval(() => {}, 60_000);
