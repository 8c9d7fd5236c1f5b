/**
 * Finds the running daemon by its `daemon.json`. A file left behind by a killed daemon is recognised
 * by its process: gone, or not the one that began when the file says (its number was given to another one).
 */
import { readFileSync } from 'node:fs';
import { type DaemonFile, daemonFileIn, parseDaemonFile } from '../platform/daemon-file.ts';
import { startMsOf, startTimeOf } from '../platform/process-start.ts';

export type FoundDaemon =
  | { readonly kind: 'running'; readonly daemon: DaemonFile }
  | { readonly kind: 'stale'; readonly daemon: DaemonFile }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The kernel counts starts in hundredths of a second and boots in whole seconds. */
const CLOCK_SLACK_MS = 3_000;

export const findDaemon = (dataDir: string): FoundDaemon => {
  const path = daemonFileIn(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'absent' }
      : { kind: 'unreadable', why: message };
  }
  const daemon = parseDaemonFile(text);
  if (daemon === undefined)
    return { kind: 'unreadable', why: `${path} is not what a daemon writes` };
  return { kind: isThere(daemon) ? 'running' : 'stale', daemon };
};

const isThere = ({ pid, processStart, startedAt }: DaemonFile): boolean => {
  const beganMs = startMsOf(pid);
  if (beganMs === undefined || beganMs > Date.parse(startedAt) + CLOCK_SLACK_MS) return false;
  return !processStart || startTimeOf(pid) === processStart;
};
