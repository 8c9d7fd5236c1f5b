/** The child process of `verifyInChild`: reads the store named on the command line, prints its report. */
import { LmdbTables } from './lmdb-tables.ts';
import { verifyTables } from './verify.ts';

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: verify-child <directory>');
const tables = new LmdbTables(dir, { readOnly: true });
process.stdout.write(JSON.stringify(verifyTables(tables)));
