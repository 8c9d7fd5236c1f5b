/**
 * Another daemon on our data directory, by what `daemon.json` says of it. The store's lock tells that as well, until
 * somebody takes its file away: then a second daemon would take the store over from one that serves.
 */
import { readFileSync } from 'node:fs';
import { GreenroomError } from '../model/errors.ts';
import { type DaemonFile, daemonFileIn, parseDaemonFile } from '../platform/daemon-file.ts';
import { startTimeOf } from '../platform/process-start.ts';

/** Throws `in_use` if the process that wrote the file is still there. A file that cannot be read names nobody. */
export const mustBeAlone = (dataDir: string): void => {
  const daemon = read(daemonFileIn(dataDir));
  if (daemon?.processStart === undefined || daemon.pid === process.pid) return;
  if (startTimeOf(daemon.pid) === daemon.processStart)
    throw new GreenroomError(
      'in_use',
      `${dataDir} is in use by process ${daemon.pid} since ${daemon.startedAt}: stop it first, or use another data directory`,
    );
};

const read = (path: string): DaemonFile | undefined => {
  try {
    return parseDaemonFile(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};
