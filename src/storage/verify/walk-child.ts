/**
 * The child process of `walkBeside`: walks the pages of the store named on the command line, for so many milliseconds
 * at most, and prints what it found. Others write meanwhile: a read transaction is begun first and held, so no page is
 * taken away from under it.
 */
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { DATA_FILE, inspectDataFile } from '../files/data-file.ts';
import { metaKey, UPKEEP } from '../records/keys.ts';
import { LmdbTables } from '../tables/lmdb-tables.ts';

const [dir, maxMs] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: walk-child <directory> <milliseconds>');
setPriority(constants.priority.PRIORITY_LOW);
const tables = new LmdbTables(dir, { readOnly: true });
tables.get(UPKEEP, metaKey);
const state = inspectDataFile(join(dir, DATA_FILE), Number(maxMs));
process.stdout.write(JSON.stringify(state));
