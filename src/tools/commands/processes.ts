/** All processes that there are, asked about some at a time, so that the caller's loop and its threads have time for others. */
import { readdir } from 'node:fs/promises';

const AT_A_TIME = 32;

/** What `ask` says of each; Linux only. */
export const ofAllProcesses = async <T>(
  ask: (pid: number) => Promise<T>,
): Promise<readonly T[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const answers: T[] = [];
  for (let at = 0; at < pids.length; at += AT_A_TIME)
    answers.push(...(await Promise.all(pids.slice(at, at + AT_A_TIME).map(ask))));
  return answers;
};
