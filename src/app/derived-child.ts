/**
 * The child process of `doctor --verify` that looks over what is derived from the journal: the snapshot of the catalog, and the
 * text index. Its argument: the `DerivedPlaces`, as JSON. It prints a `DerivedReport`.
 */
import type { DerivedReport } from '../model/derived.ts';
import { systemClock } from '../otp/system-clock.ts';
import { verifySnapshot } from '../search/catalog/verify-snapshot.ts';
import { JournalBeside } from '../storage/journal/journal-beside.ts';
import type { Scope } from '../text/extract.ts';
import { verifyIndex } from '../text/verify-index.ts';

export interface DerivedPlaces {
  readonly store: string;
  readonly snapshot: string;
  readonly index: string;
  readonly scope: Scope | 'off';
}

const { store, snapshot, index, scope } = JSON.parse(process.argv[2] ?? '') as DerivedPlaces;
const journal = new JournalBeside(store);
const { storeId } = journal.identity;

const source = {
  scanRows: journal.scanRows.bind(journal),
  row: journal.row.bind(journal),
  changedSince: journal.changedSince.bind(journal),
  changeMark: journal.changeMark.bind(journal),
  info: () => ({ storeId }),
};
const pause = () => new Promise<void>((resolve) => systemClock.defer(resolve));
const report: DerivedReport = {
  // First: what it says it has, the journal had before.
  index:
    scope === 'off'
      ? { is: 'none', why: 'text search is off' }
      : await verifyIndex({ path: index, storeId, scope }, journal),
  snapshot: await verifySnapshot(source, snapshot, pause),
};
process.stdout.write(JSON.stringify(report));
await journal.close();
