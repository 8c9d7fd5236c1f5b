/**
 * Ends the daemon of a data directory, and only it: a process is signalled if it began when `daemon.json` says, never
 * by its number alone.
 */
import { startTimeOf } from '../../platform/process-start.ts';
import { CliError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';

/** Between two looks whether it has ended. */
export const POLL_MS = 50;
/** For a process that is killed to be gone. */
const KILL_MS = 10_000;

export interface Ended {
  /** `none`: there was no daemon to end. */
  readonly did: 'stopped' | 'killed' | 'none';
  readonly pid: number | null;
  readonly what: string;
}

export interface HowToStop {
  readonly deadlineMs: number;
  /** Kill what has not ended by then: what was acknowledged is durable. */
  readonly isForced: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Rejects if it runs on, or nothing is known of its process. */
export const stopDaemon = async (dataDir: string, how: HowToStop): Promise<Ended> => {
  const found = findDaemon(dataDir);
  switch (found.kind) {
    case 'absent':
      return { did: 'none', pid: null, what: `no daemon runs on ${dataDir}` };
    case 'stale': {
      const what = `the daemon of ${dataDir} (process ${found.daemon.pid}) is gone without saying goodbye`;
      return { did: 'none', pid: null, what };
    }
    case 'unreadable':
      throw new CliError(
        1,
        `${found.why}: nothing is known of a daemon, and nothing was signalled`,
      );
    case 'running': {
      const { pid, processStart } = found.daemon;
      if (processStart) return end({ pid, processStart }, how);
      throw new CliError(
        4,
        `daemon.json does not say when process ${pid} began, so it may be another program: it was not signalled`,
        `kill ${pid}, if it is the daemon`,
      );
    }
  }
};

interface Known {
  readonly pid: number;
  readonly processStart: string;
}

const end = async (known: Known, how: HowToStop): Promise<Ended> => {
  const { pid } = known;
  const seconds = how.deadlineMs / 1_000;
  signal(known, 'SIGTERM');
  if (await hasEnded(known, how.deadlineMs, how))
    return { did: 'stopped', pid, what: `process ${pid} has drained and ended` };
  if (!how.isForced)
    throw new CliError(
      1,
      `process ${pid} has not ended after ${seconds} s: it still drains`,
      'wait for it, or greenroom stop --force kills it; what was acknowledged is there at the next start',
    );
  signal(known, 'SIGKILL');
  if (await hasEnded(known, KILL_MS, how))
    return {
      did: 'killed',
      pid,
      what: `process ${pid} did not end in ${seconds} s and was killed`,
    };
  throw new CliError(1, `process ${pid} was killed and is still there: the system holds it`);
};

/** Looks once more at the last moment. */
const signal = ({ pid, processStart }: Known, name: NodeJS.Signals): void => {
  if (startTimeOf(pid) !== processStart) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new CliError(
      code === 'EPERM' ? 4 : 1,
      `process ${pid} cannot be signalled: ${message}`,
      'it may belong to another user: stop it as that one',
    );
  }
};

const hasEnded = async (
  { pid, processStart }: Known,
  forMs: number,
  { sleep }: HowToStop,
): Promise<boolean> => {
  for (let waitedMs = 0; startTimeOf(pid) === processStart; waitedMs += POLL_MS) {
    if (waitedMs >= forMs) return false;
    await sleep(POLL_MS);
  }
  return true;
};
