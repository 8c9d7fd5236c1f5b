/**
 * `<data>/daemon.json`: where the running daemon is. A file left behind by a killed daemon is
 * recognised by its process: gone, or begun after the file was written (its number was given anew).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const DaemonFile = z.looseObject({
  pid: z.int().positive(),
  natsUrl: z.string().nullish(),
  httpUrl: z.string().nullish(),
  version: z.string(),
  startedAt: z.iso.datetime({ offset: true }),
});
export type DaemonFile = z.infer<typeof DaemonFile>;

export type FoundDaemon =
  | { readonly kind: 'running'; readonly daemon: DaemonFile }
  | { readonly kind: 'stale'; readonly daemon: DaemonFile }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** When a process began, in ms since the epoch; undefined: no such process. */
export type StartOf = (pid: number) => number | undefined;

/** The kernel counts starts in hundredths of a second and boots in whole seconds. */
const CLOCK_SLACK_MS = 3_000;

export const findDaemon = (dataDir: string, startOf: StartOf = processStart): FoundDaemon => {
  const path = join(dataDir, 'daemon.json');
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
  const beganMs = startOf(daemon.pid);
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

const TICKS_PER_SECOND = 100;

export const processStart: StartOf = (pid) => {
  try {
    return process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  } catch {
    return undefined;
  }
};

const startOnLinux = (pid: number): number => {
  // The second field is the program's name in parentheses, which may hold spaces: count from behind it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z') throw new Error('a process that has ended and waits to be noticed');
  const ticks = Number(fields[18]);
  const boot = Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  return boot * 1_000 + (ticks / TICKS_PER_SECOND) * 1_000;
};

const startByPs = (pid: number): number => {
  const env = { ...process.env, LC_ALL: 'C' };
  return Date.parse(
    execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env, encoding: 'utf8' }),
  );
};
