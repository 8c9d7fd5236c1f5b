/** The child process of `backupStore`: copies a store as one reading transaction sees it, prints whose it is. */
import { LmdbTables } from './lmdb-tables.ts';
import { readMeta } from './meta.ts';

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('usage: copy-child <store> <folder>');
const tables = new LmdbTables(from, { readOnly: true });
await tables.copyTo(to);
await tables.close();
const copy = new LmdbTables(to, { readOnly: true });
process.stdout.write(JSON.stringify(readMeta(copy) ?? null));
await copy.close();
