/** What a process has used so far: CPU by its own account, and by thread where the kernel tells. */
import { readdirSync, readFileSync } from 'node:fs';

export interface CpuUsage {
  /** All threads, user and system, in milliseconds. */
  readonly totalMs: number;
  /** The thread that runs the event loop; undefined where the kernel does not tell. */
  readonly mainMs: number | undefined;
}

/** USER_HZ, the same on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Of this process. */
export const cpuUsage = (): CpuUsage => {
  const { user, system } = process.cpuUsage();
  return { totalMs: (user + system) / 1000, mainMs: threadMs(process.pid) };
};

/** CPU that another process has used, with all its threads; 0 where the kernel does not tell. */
export const processMs = (pid: number): number => cpuMsIn(`/proc/${pid}/stat`) ?? 0;

const threadMs = (thread: number): number | undefined => cpuMsIn(`/proc/self/task/${thread}/stat`);

const cpuMsIn = (file: string): number | undefined => {
  try {
    const stat = readFileSync(file, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return undefined;
  }
};

/** Threads of this process, the runtime's own among them. */
export const threadCount = (): number => {
  try {
    return readdirSync('/proc/self/task').length;
  } catch {
    return Number.NaN;
  }
};

export const cpuBetween = (before: CpuUsage, after: CpuUsage): CpuUsage => ({
  totalMs: after.totalMs - before.totalMs,
  mainMs:
    after.mainMs === undefined || before.mainMs === undefined
      ? undefined
      : after.mainMs - before.mainMs,
});
