/** Who copies directories for forks. */
import { mustBeAllowed } from '../src/archives/allowed.ts';
import { inThread } from '../src/archives/archive-worker.ts';
import { copier } from '../src/archives/copier.ts';
import { newJobId } from '../src/model/ids.ts';
import { removeWorkspace, workspacesIn } from '../src/storage/files/session-folders.ts';
import type { Parts } from './parts.ts';

const MB = 1_000_000;
/** Files, folders and links of one directory. */
const ENTRIES = 1_000_000;

export const copies = ({ config, log, sessions }: Parts) => {
  const { dataDir, archiveDir, archiveRoots: roots } = config;
  const workspaces = workspacesIn(config);
  return copier({
    ...{ workspaces, thread: inThread, life: newJobId(sessions.clock.now()) },
    limits: { entries: ENTRIES, bytes: config.forkMaxMb * MB },
    sweeps: config.store !== 'memory:', // else the folder may be another's
    mustBeAllowed: (folder, own) =>
      mustBeAllowed(folder, own, { dataDir, archiveDir, workspaces, roots }),
    isThere: async (key) => (await sessions.archived.head(key)) !== undefined,
    removeWorkspace: (key) =>
      removeWorkspace(config, key, (path, err) =>
        log.warn({ path, err }, 'a part of a copied directory could not be removed'),
      ),
  });
};
