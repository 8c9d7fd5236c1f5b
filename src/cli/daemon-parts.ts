/**
 * What the command line takes from the daemon's side. It is heavy: only the command that needs a part loads it, from a
 * bundle of its own (`scripts/bundle/daemon.mjs`).
 */
import type { Shell } from './shell.ts';

type Parts = Pick<
  Shell,
  'runDaemon' | 'examineFiles' | 'storeCare' | 'backupsCare' | 'verifyDerived' | 'examineBroker'
>;

/**
 * The care of stores and backups lies in files of the bundle that need the daemon's, and these need them: begun with the daemon's
 * all of them find what they name, begun with the others they do not.
 */
const withDaemon = async <T>(load: () => Promise<T>): Promise<T> => {
  await import('../app/daemon.ts');
  return load();
};

export const daemonParts: Parts = {
  runDaemon: async (config, log, again) =>
    (await import('../app/daemon.ts')).runDaemon(config, log, again),
  examineFiles: async (config) => (await import('../app/settings-files.ts')).faultsOfFiles(config),
  storeCare: async () => (await withDaemon(() => import('../storage/backup/care.ts'))).storeCare,
  verifyDerived: async (config) => (await import('../app/verify-derived.ts')).verifyDerived(config),
  backupsCare: async () => (await withDaemon(() => import('../app/backups-care.ts'))).backupsCare,
  examineBroker: async (place, storeDir) => {
    const { readStoreFile } = await import('../storage/verify/store-file.ts');
    const { examineBroker } = await import('../nats/examine-broker.ts');
    return examineBroker({ ...place, storeId: readStoreFile(storeDir)?.storeId });
  },
};
