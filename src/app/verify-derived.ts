/** Has what is derived from the journal looked over, by a process beside: a file of it that is damaged may end whoever reads it. */
import { join } from 'node:path';
import type { Config } from '../config/variables.ts';
import type { DerivedReport } from '../model/derived.ts';
import { programFile } from '../platform/compiled.ts';
import { patienceFor, runChild } from '../storage/files/child.ts';
import { DATA_FILE } from '../storage/files/data-file.ts';
import type { DerivedPlaces } from './derived-child.ts';

/** Rejects when its process did not come to an end. */
export const verifyDerived = async ({
  dataDir,
  textSearch,
}: Pick<Config, 'dataDir' | 'textSearch'>): Promise<DerivedReport> => {
  const store = join(dataDir, 'store');
  const places: DerivedPlaces = {
    ...{ store, snapshot: join(dataDir, 'catalog.snapshot') },
    ...{ index: join(dataDir, 'text', 'index.db'), scope: textSearch },
  };
  const script = programFile('app/derived-child');
  const patienceMs = patienceFor(join(store, DATA_FILE)) + patienceFor(places.index);
  const { out, failure } = await runChild(script, [JSON.stringify(places)], patienceMs);
  if (failure !== null) throw new Error(`its process ended with ${failure}`);
  return JSON.parse(out) as DerivedReport;
};
