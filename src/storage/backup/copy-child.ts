/**
 * The child process of `backupStore`: copies a store as one reading transaction sees it, brings what is
 * in the commit log into the copy, and prints whose it is.
 */

import { takeIn } from '../log/log-mark.ts';
import { readLog } from '../log/log-reader.ts';
import { dropChanges } from '../records/changes.ts';
import { readMeta } from '../records/meta.ts';
import { LmdbTables } from '../tables/lmdb-tables.ts';

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('usage: copy-child <store> <folder>');
const log = readLog(from);
const tables = new LmdbTables(from, { readOnly: true });
await tables.copyTo(to);
await tables.close();
const copy = new LmdbTables(to);
copy.transaction(() => {
  takeIn(copy, log);
  dropChanges(copy); // they do not have what was taken in, and nobody here knows the copy as it was
});
process.stdout.write(JSON.stringify(readMeta(copy) ?? null));
await copy.close();
