/**
 * Finds what commands have left running, also those that have left their group and their session: each inherits a
 * variable that names the launcher which started it. Linux only; one that clears its environment is not found.
 */
import { readFile, stat } from 'node:fs/promises';
import { type Clock, pause } from '../../otp/clock.ts';
import { ofAllProcesses } from './processes.ts';

/** Stands in the environment of each command; its value is the launcher's mark. */
export const MARK = 'GREENROOM_CHILD';

/** A process may start another while it is looked for, so it is done when two looks in a row have found nothing. */
const CALM_LOOKS = 2;
const MAX_LOOKS = 50;
const BETWEEN_MS = 10;

/** Kills all that bear the mark. Gives how many there were. */
export const sweep = async (mark: string, clock: Clock): Promise<number> => {
  let killed = 0;
  let calm = 0;
  for (let look = 0; look < MAX_LOOKS && calm < CALM_LOOKS; look += 1) {
    if (look > 0) await pause(clock, BETWEEN_MS);
    const found = await marked(mark);
    for (const pid of found) kill(pid);
    killed += found.length;
    calm = found.length === 0 ? calm + 1 : 0;
  }
  return killed;
};

/** Those of our user that bear the mark, but for the caller. */
export const marked = async (mark: string): Promise<readonly number[]> => {
  if (process.platform !== 'linux') return [];
  const found = await ofAllProcesses(async (pid) => ((await bears(pid, mark)) ? pid : 0));
  return found.filter((pid) => pid !== 0);
};

const bears = async (pid: number, mark: string): Promise<boolean> => {
  if (pid === process.pid) return false;
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    if (!`\0${environment}\0`.includes(`\0${MARK}=${mark}\0`)) return false;
    return (await stat(`/proc/${pid}`)).uid === process.getuid?.();
  } catch {
    return false; // it has ended, or is not ours to read
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
};
