/** When processes began: it tells one from another that has its number by now. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** As the system says it: ticks since boot on Linux, elsewhere a date. undefined: there is no such process. */
export const startTimeOf = (pid: number): string | undefined => {
  try {
    return process.platform === 'linux' ? ticksOf(pid) : dateOf(pid);
  } catch {
    return undefined;
  }
};

/** The same in milliseconds since the epoch, right to two seconds or so. */
export const startMsOf = (pid: number): number | undefined => {
  const began = startTimeOf(pid);
  if (began === undefined) return undefined;
  return process.platform === 'linux' ? bootMs() + Number(began) * TICK_MS : Date.parse(began);
};

/** The kernel's `USER_HZ`, which is 100 wherever Node runs. */
const TICK_MS = 10;

/** undefined for one that has ended and waits to be noticed. */
const ticksOf = (pid: number): string | undefined => {
  // The second field is the program's name in parentheses, which may hold spaces: count from behind it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? undefined : fields[18];
};

const dateOf = (pid: number): string => {
  const env = { ...process.env, LC_ALL: 'C' }; // dates that can be read back
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env, encoding: 'utf8' }).trim();
};

const bootMs = (): number =>
  Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]) * 1_000;
