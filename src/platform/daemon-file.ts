/** `<data>/daemon.json`, by which the command line and local clients find the running daemon. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Its reader may be of another version than its writer: other fields are left as they are. */
export interface DaemonFile {
  readonly pid: number;
  /** When the process began, as `startTimeOf` says it: another one may have got its number. */
  readonly processStart?: string;
  readonly natsUrl?: string | null | undefined;
  readonly httpUrl?: string | null | undefined;
  /** Absent: the log goes to its standard error output. */
  readonly logFile?: string;
  readonly version: string;
  readonly startedAt: string;
}

/** Undefined: it is not what a daemon writes. */
export const parseDaemonFile = (text: string): DaemonFile | undefined => {
  const file = parsed(text);
  const { pid, processStart = '', natsUrl, httpUrl, logFile, version, startedAt } = file;
  const isSound =
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    [processStart, natsUrl ?? '', httpUrl ?? '', logFile ?? '', version].every(isText) &&
    isText(startedAt) &&
    Number.isFinite(Date.parse(startedAt));
  return isSound ? (file as unknown as DaemonFile) : undefined;
};

const isText = (value: unknown): value is string => typeof value === 'string';

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

export const daemonFileIn = (dataDir: string): string => join(dataDir, 'daemon.json');

/** By rename, so that nobody reads half of it; mode 0600. */
export const writeDaemonFile = (path: string, daemon: DaemonFile): void => {
  writeFileSync(`${path}.new`, `${JSON.stringify(daemon)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};
