/** How long a daemon takes from the start of its process until it is ready, with a broker of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../cli/main.cjs', import.meta.url));

/** One start of the real daemon, and how the machine was then. */
export interface Start {
  readonly name: string;
  readonly readyMs: number;
  readonly catalogMs: number;
  readonly from: string;
  readonly sessions: number;
  readonly nodeMs: number;
  readonly peakBytes: number;
  /** Of the daemon's own process until it was ready: others on the machine change it less than the time that passed. */
  readonly cpuMs: number;
  readonly load: number;
}

interface Line {
  readonly msg: string;
  readonly from?: string;
  readonly tookMs?: number;
  readonly sessions?: number;
}

/** As `greenroom start` does it, until it says that it is ready; then it gets the signal. */
export const startOnce = async (
  name: string,
  dir: string,
  signal: NodeJS.Signals,
): Promise<Start> => {
  const nodeMs = await bareNode();
  const [load = 0] = loadavg();
  const startMs = performance.now();
  const args = [PROGRAM, 'start', '--data', dir, '--port', '0', '--provider', 'rehearsal'];
  const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(daemon, 'exit');
  let catalog: Line | undefined;
  for await (const text of createInterface({ input: daemon.stderr })) {
    const line = JSON.parse(text) as Line;
    if (line.msg === 'the catalog is filled') catalog = line;
    if (line.msg === 'ready') break;
  }
  const readyMs = performance.now() - startMs;
  const peakBytes = peakOf(daemon.pid ?? 0);
  const cpuMs = cpuOf(daemon.pid ?? 0);
  daemon.stderr.resume();
  daemon.kill(signal);
  await exited;
  const { tookMs = 0, from = '', sessions = 0 } = catalog ?? {};
  return { name, readyMs, catalogMs: tookMs, from, sessions, nodeMs, peakBytes, cpuMs, load };
};

const bareNode = async (): Promise<number> => {
  const startMs = performance.now();
  await once(spawn(process.execPath, ['-e', '0']), 'exit');
  return performance.now() - startMs;
};

const peakOf = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
};

/** Ticks of a hundredth of a second in user and in system mode, behind the name in brackets. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
