/**
 * The child process of `verifyInChild`: reads the store named on the command line, prints its report.
 *
 * A read transaction is begun before the pages are looked at, and everything is done in one go: so what
 * a daemon writes meanwhile takes no page away from under it.
 */
import { join } from 'node:path';
import { DATA_FILE, inspectDataFile } from '../files/data-file.ts';
import { loggedGroups } from '../log/log-mark.ts';
import { readLog } from '../log/log-reader.ts';
import { metaKey, UPKEEP } from '../records/keys.ts';
import { LmdbTables } from '../tables/lmdb-tables.ts';
import { type VerifyReport, verifyTables } from './verify-tables.ts';

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: verify-child <directory>');
const log = readLog(dir);
const tables = new LmdbTables(dir, { readOnly: true });
tables.get(UPKEEP, metaKey);
const file = inspectDataFile(join(dir, DATA_FILE));
const report = { ...verifyTables(tables), ...(faultOfFile() ?? faultOfLog()) };
process.stdout.write(JSON.stringify(report satisfies VerifyReport));

function faultOfFile(): Pick<VerifyReport, 'fileFault'> | undefined {
  return file.kind === 'broken' ? { fileFault: `the data file ${file.why}` } : undefined;
}

function faultOfLog(): Pick<VerifyReport, 'fileFault'> | undefined {
  try {
    loggedGroups(tables, log);
    return undefined;
  } catch (error) {
    return { fileFault: (error as Error).message };
  }
}
