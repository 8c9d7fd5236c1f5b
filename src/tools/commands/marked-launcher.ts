/**
 * A launcher with a mark that all it starts bears, and a trace of it on disk: by these whoever comes after it, in this process
 * or in the next one, finds what it has left running.
 */
import { newJobId } from '../../model/ids.ts';
import type { Clock } from '../../otp/clock.ts';
import { signalGroup } from './group.ts';
import { LauncherProcess } from './launcher-process.ts';
import { removeTrace, writeTrace } from './leftover.ts';
import { removePipes } from './pipes.ts';
import { sweep } from './sweep.ts';

export interface LauncherGround {
  readonly clock: Clock;
  /** Where the trace is; undefined: nowhere, so what outlives launcher and owner stays. */
  readonly traceFolder: string | undefined;
}

/** Throws when it cannot be started. @param file its compiled program. */
export const startMarked = <To extends object, From>(
  file: string,
  { clock, traceFolder }: LauncherGround,
  hear: (said: From) => void,
): LauncherProcess<To, From> => {
  const mark = newJobId(clock.now());
  if (traceFolder !== undefined) writeTrace(traceFolder, mark); // before anything bears it
  const launcher = new LauncherProcess<To, From>(file, mark, clock, hear);
  if (traceFolder !== undefined) writeTrace(traceFolder, mark, launcher.pid);
  return launcher;
};

/** Ends what a dead one has left running, and takes its trace away. Never rejects. @param pids of groups that are known. */
export const clearAfter = async (
  mark: string,
  pids: readonly (number | undefined)[],
  { clock, traceFolder }: LauncherGround,
  warn: (error: unknown) => void,
): Promise<void> => {
  for (const pid of pids) if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  await sweep(mark, clock).catch(warn);
  removePipes(mark);
  if (traceFolder !== undefined) removeTrace(traceFolder);
};
