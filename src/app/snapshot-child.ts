/**
 * The child process that writes the snapshot of the catalog: it fills a catalog of its own from the journal, by the
 * snapshot before if there is one, writes it, and prints what it wrote. Arguments: the store's directory, and the file.
 *
 * It reads the end of the list of changes first, and the sessions as they are then or later: so what it may have missed
 * stands behind its mark. It gives way to whoever wants the processor.
 */
import { constants, setPriority } from 'node:os';
import { systemClock } from '../otp/system-clock.ts';
import { fillCatalog } from '../search/catalog/fill-catalog.ts';
import { writeSnapshot } from '../search/catalog/snapshot-file.ts';
import { JournalBeside } from '../storage/journal/journal-beside.ts';

const owner = process.ppid;
const [dir, path] = process.argv.slice(2);
if (dir === undefined || path === undefined)
  throw new Error('usage: snapshot-child <store> <file>');
setPriority(constants.priority.PRIORITY_LOW);
const journal = new JournalBeside(dir);
const { storeId, epoch } = journal.identity;
const mark = journal.changeMark();
if (mark?.epoch !== epoch) throw new Error('its owner notes no changes');
const source = {
  scanRows: journal.scanRows.bind(journal),
  row: journal.row.bind(journal),
  changedSince: journal.changedSince.bind(journal),
  info: () => ({ storeId }),
};
const catalog = await fillCatalog(source, {
  snapshot: path,
  notices: undefined,
  nowMs: () => systemClock.monotonic(),
  onFault: (error) => {
    throw error;
  },
  pause: () => new Promise((resolve) => systemClock.defer(resolve)),
  follow: () => () => undefined, // whoever follows this journal is its owner
});
const { sessions } = catalog.stats();
const isWanted = () => process.ppid === owner; // else it has been killed, and the next one may be writing its own
const { bytes } = writeSnapshot(path, { storeId, mark, sessions }, catalog, isWanted);
process.stdout.write(JSON.stringify({ mark, sessions, bytes }));
await journal.close();
