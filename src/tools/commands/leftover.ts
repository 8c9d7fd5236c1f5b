/**
 * What a launcher leaves on disk about itself (`commands.json`), so that what it and its daemon have left behind, when
 * both were killed, is found and ended by the next daemon.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../otp/clock.ts';
import { makeFolderSync } from '../../platform/make-folder.ts';
import { startTimeOf } from '../../platform/process-start.ts';
import { removePipes } from './pipes.ts';
import { sweep } from './sweep.ts';

const Trace = z.object({
  mark: z.uuid(),
  /** Of the launcher; absent: it had not started. */
  pid: z.int().positive().optional(),
  /** As `startTimeOf` says it: the pid may be another's by now. */
  startTime: z.string().optional(),
});
type Trace = z.infer<typeof Trace>;

const fileIn = (folder: string): string => join(folder, 'commands.json');

/** By rename, so that a crash leaves no half of it. */
export const writeTrace = (folder: string, mark: string, pid?: number): void => {
  const startTime = pid === undefined ? undefined : startTimeOf(pid);
  const trace: Trace = { mark, pid, startTime };
  makeFolderSync(folder);
  writeFileSync(`${fileIn(folder)}.new`, `${JSON.stringify(trace)}\n`, { mode: 0o600 });
  renameSync(`${fileIn(folder)}.new`, fileIn(folder));
};

export const removeTrace = (folder: string): void => rmSync(fileIn(folder), { force: true });

/** Ends what is left of an earlier daemon's commands, its launcher first. Gives how many processes that were. */
export const endLeftover = async (folder: string, clock: Clock): Promise<number> => {
  const trace = readTrace(folder);
  if (trace === undefined) return 0;
  const ended = endLauncher(trace) + (await sweep(trace.mark, clock));
  removePipes(trace.mark);
  removeTrace(folder);
  return ended;
};

const readTrace = (folder: string): Trace | undefined => {
  try {
    return Trace.parse(JSON.parse(readFileSync(fileIn(folder), 'utf8')));
  } catch {
    return undefined; // there is no such file, or it is not ours
  }
};

const endLauncher = ({ pid, startTime }: Trace): number => {
  if (pid === undefined || startTime === undefined || startTimeOf(pid) !== startTime) return 0;
  try {
    process.kill(pid, 'SIGKILL');
    return 1;
  } catch {
    return 0; // it has ended meanwhile
  }
};
