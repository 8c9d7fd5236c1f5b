/** Writes `<data>/daemon.json`, by which the command line and local clients find the daemon. */
import { renameSync, writeFileSync } from 'node:fs';

export interface DaemonFacts {
  readonly pid: number;
  readonly natsUrl: string | null;
  readonly httpUrl: string | null;
  readonly version: string;
  readonly startedAt: string;
}

/** By rename, so that nobody reads half of it; mode 0600. */
export const writeDaemonFile = (path: string, facts: DaemonFacts): void => {
  writeFileSync(`${path}.new`, `${JSON.stringify(facts)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};
