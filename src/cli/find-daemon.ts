/**
 * Finds the running daemon by its `daemon.json`. A file left behind by a killed daemon is recognised
 * by its process: gone, or begun after the file was written (its number was given anew).
 */
import { readFileSync } from 'node:fs';
import { DaemonFile, daemonFileIn } from '../platform/daemon-file.ts';
import { startMsOf } from '../platform/process-start.ts';

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
  const daemon = parse(text);
  if (daemon === undefined)
    return { kind: 'unreadable', why: `${path} is not what a daemon writes` };
  const beganMs = startMsOf(daemon.pid);
  const isOurs = beganMs !== undefined && beganMs <= Date.parse(daemon.startedAt) + CLOCK_SLACK_MS;
  return { kind: isOurs ? 'running' : 'stale', daemon };
};

const parse = (text: string): DaemonFile | undefined => {
  try {
    return DaemonFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
