/** `<data>/daemon.json`, by which the command line and local clients find the running daemon. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Loose, as its reader may be of another version than its writer. */
export const DaemonFile = z.looseObject({
  pid: z.int().positive(),
  /** When the process began, as `startTimeOf` says it: another one may have got its number. */
  processStart: z.string().exactOptional(),
  natsUrl: z.string().nullish(),
  httpUrl: z.string().nullish(),
  version: z.string(),
  /** Absent: the log goes to its standard error output. */
  logFile: z.string().exactOptional(),
  startedAt: z.iso.datetime({ offset: true }),
});
export type DaemonFile = z.infer<typeof DaemonFile>;

export const daemonFileIn = (dataDir: string): string => join(dataDir, 'daemon.json');

/** By rename, so that nobody reads half of it; mode 0600. */
export const writeDaemonFile = (path: string, daemon: DaemonFile): void => {
  writeFileSync(`${path}.new`, `${JSON.stringify(daemon)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};
