/** The snapshot of the catalog, which the next start reads: written by a process of its own. */
import { join } from 'node:path';
import { programFile } from '../src/platform/compiled.ts';
import { type SnapshotWritten, snapshotKeeper } from '../src/search/catalog/snapshot-keeper.ts';
import { patienceFor, runChild } from '../src/storage/files/child.ts';
import { DATA_FILE } from '../src/storage/files/data-file.ts';
import type { Parts } from './parts.ts';

/** Where it is; undefined: this journal ends with its process. */
export const snapshotOf = ({ config }: Pick<Parts, 'config'>): string | undefined =>
  config.store === 'memory:' ? undefined : join(config.dataDir, 'catalog.snapshot');

const writeBeside = async (
  dir: string,
  path: string,
  signal: AbortSignal,
): Promise<SnapshotWritten> => {
  const script = programFile('app/snapshot-child');
  const { out, failure } = await runChild(
    script,
    [dir, path],
    patienceFor(join(dir, DATA_FILE)),
    signal,
  );
  if (failure !== null) throw new Error(`its process ended with ${failure}`);
  return JSON.parse(out) as SnapshotWritten;
};

export const snapshot = ({ config, log }: Pick<Parts, 'config' | 'log'>) => {
  const dir = join(config.dataDir, 'store');
  const path = snapshotOf({ config });
  const write = (signal: AbortSignal) => writeBeside(dir, path ?? '', signal);
  return snapshotKeeper({ path, write, notices: log });
};
