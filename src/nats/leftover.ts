/**
 * What a broker that we started leaves on disk about itself (`broker.json`), so that one which
 * outlived its daemon is recognised and ended before a second one opens the same files.
 * A pid alone may be somebody else's by now: its start time and its program must agree too.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type Clock, pause } from '../otp/clock.ts';
import { startTimeOf } from '../platform/process-start.ts';

const Trace = z.object({
  pid: z.int().positive(),
  /** As `startTimeOf` says it. */
  startTime: z.string(),
  port: z.int().min(1).max(65_535),
});
export type Trace = z.infer<typeof Trace>;

const fileIn = (folder: string): string => join(folder, 'broker.json');
const POLITE_MS = 500;
const POLL_MS = 5;
const GIVE_UP_MS = 5_000;

export const readTrace = (folder: string): Trace | undefined => {
  try {
    return Trace.parse(JSON.parse(readFileSync(fileIn(folder), 'utf8')));
  } catch {
    return undefined; // none, or torn by a crash: then its server ended with the guard's pipe
  }
};

export const writeTrace = (folder: string, trace: Trace): void =>
  writeFileSync(fileIn(folder), `${JSON.stringify(trace)}\n`, { mode: 0o600 });

export const removeTrace = (folder: string): void => rmSync(fileIn(folder), { force: true });

const programOf = (pid: number): string => {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
};

/** True while the very process of this trace is there. */
export const isAlive = ({ pid, startTime }: Trace): boolean =>
  startTimeOf(pid) === startTime && basename(programOf(pid)).includes('nats-server');

/** Ends a server that outlived its daemon: asks first, then kills. Resolves when it is gone. */
export const endLeftover = async (trace: Trace, clock: Clock): Promise<void> => {
  const began = clock.monotonic();
  let signal: NodeJS.Signals = 'SIGTERM';
  while (isAlive(trace)) {
    const elapsed = clock.monotonic() - began;
    if (elapsed > GIVE_UP_MS)
      throw new Error(`an old nats-server (pid ${trace.pid}) holds our files and cannot be ended`);
    if (elapsed > POLITE_MS) signal = 'SIGKILL';
    process.kill(trace.pid, signal);
    await pause(clock, POLL_MS);
  }
};
