/** Ports: outside programs that live and die with their actor. Real processes, real time, no sleeps. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { IGNORE } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import { GUARD } from '../../src/otp/outside-program.ts';
import { type PortOptions, portServer, type RunningProgram } from '../../src/otp/port.ts';
import {
  type SupervisorRef,
  startTree,
  supervisor,
  whichChildren,
} from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { until } from '../support/until.ts';

const name = nameOf<RunningProgram>('program');
const READY = 'echo starting; echo ready 42; exec sleep 1000';
let system = new System({ onReport: () => {} });
let root: SupervisorRef | undefined;

afterEach(async () => {
  if (root?.alive) await system.stop(root);
  root = undefined;
  system = new System({ onReport: () => {} });
});

async function start(script: string, options: Partial<PortOptions<RunningProgram>> = {}) {
  const port = portServer<RunningProgram>({
    id: 'program',
    name,
    launch: () => ({ command: '/bin/sh', args: ['-c', script] }),
    ready: (line) => line.startsWith('ready'),
    face: (program) => program,
    ...options,
  });
  const tree = supervisor({ id: 'root', strategy: 'one_for_one', children: [port] });
  root = await startTree(system, tree);
  return system.fetch(name);
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const portRef = () => {
  const [port] = root === undefined ? [] : whichChildren(root);
  if (port?.ref === undefined) throw new Error('no port');
  return port.ref;
};

test('a port is up when its program says that it is ready', async () => {
  const { pid, readyLine } = await start(READY);
  expect(readyLine).toBe('ready 42');
  expect(isRunning(pid)).toBe(true);
});

test('a port may ask its program whether it is ready', async () => {
  const asked: string[] = [];
  const { readyLine } = await start(READY, { probe: async () => void asked.push('asked') });
  expect([asked, readyLine]).toEqual([['asked'], 'ready 42']);
});

test('a program that ends before it is ready is a failed start, with its last words', async () => {
  await expect(start('echo no licence >&2; exit 3')).rejects.toThrow(
    /exited with code 3.*no licence/,
  );
});

test('a program that cannot be run is a failed start', async () => {
  const launch = () => ({ command: '/no/such/program' });
  await expect(start('', { launch })).rejects.toThrow(/could not be run/);
});

test('a program that is not wanted is ignored', async () => {
  const port = portServer({ id: 'program', launch: () => IGNORE, face: () => null });
  root = await startTree(
    system,
    supervisor({ id: 'root', strategy: 'one_for_one', children: [port] }),
  );
  expect(whichChildren(root)).toMatchObject([{ status: 'ignored' }]);
});

test('when the program ends its actor crashes, and its supervisor starts both again', async () => {
  const first = await start(READY);
  process.kill(first.pid, 'SIGKILL');
  await until(() => (system.find(name)?.pid ?? first.pid) !== first.pid);
  expect(isRunning(system.fetch(name).pid)).toBe(true);
});

test.each([false, true])('a stopped port ends its program (guard: %s)', async (guard) => {
  const { pid } = await start(READY, { guard });
  await system.stop(portRef(), 'shutdown');
  await until(() => !isRunning(pid));
});

test.each([false, true])('a killed port ends its program (guard: %s)', async (guard) => {
  const { pid } = await start(READY, { guard });
  system.exit(portRef(), 'kill');
  await until(() => (system.find(name)?.pid ?? pid) !== pid);
  await until(() => !isRunning(pid));
});

test.each([false, true])(
  'a program that ignores SIGTERM is killed after the grace (guard: %s)',
  async (guard) => {
    const stubborn = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
    const { pid } = await start(stubborn, { guard, graceMs: 100 });
    await system.stop(portRef(), 'shutdown');
    await until(() => !isRunning(pid));
  },
);

test('under guard, a program ends when its owner is killed', async () => {
  const script = `
    const options = { stdio: ['pipe', 'ignore', 'ignore', 'pipe'], detached: true };
    const args = ['-c', process.env.GUARD, 'guard', '50', 'sleep', '1000'];
    require('node:child_process').spawn('/bin/sh', args, options).stdio[3].pipe(process.stdout);`;
  const owner = spawn(process.execPath, ['-e', script], { env: { ...process.env, GUARD } });
  const [line] = await once(owner.stdout, 'data');
  const pid = Number(line);
  expect(isRunning(pid)).toBe(true);
  owner.kill('SIGKILL');
  await until(() => !isRunning(pid));
});

test('under guard, a program ends when its guard is killed', async () => {
  const { pid } = await start(READY, { guard: true });
  const guard = Number((await parentOf(pid)).trim());
  process.kill(guard, 'SIGKILL');
  await until(() => (system.find(name)?.pid ?? pid) !== pid);
  await until(() => !isRunning(pid));
});

async function parentOf(pid: number): Promise<string> {
  const ps = spawn('ps', ['-o', 'ppid=', '-p', String(pid)]);
  const [line] = await once(ps.stdout, 'data');
  return String(line);
}
