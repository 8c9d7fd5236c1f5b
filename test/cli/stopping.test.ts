/** `stop`: which process it signals, and which it never does. Real processes stand in for the daemon. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startTimeOf } from '../../src/platform/process-start.ts';
import { greenroom, jsonLines, newFolder } from './run-cli.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const OBEYS = 'process.stdout.write("up"); setInterval(() => {}, 1000)';
const IGNORES = `process.on('SIGTERM', () => {}); ${OBEYS}`;

/** A process, and the data directory whose daemon it is said to be. */
const daemonOf = async (program: string, facts: object = {}) => {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  const folder = newFolder();
  const startedAt = new Date().toISOString();
  const processStart = startTimeOf(pid);
  const file = {
    pid,
    processStart,
    natsUrl: null,
    httpUrl: null,
    version: '0',
    startedAt,
    ...facts,
  };
  writeFileSync(join(folder, 'daemon.json'), JSON.stringify(file));
  return { child, folder };
};

const stop = (folder: string, more = '') =>
  greenroom(`stop --data ${folder} --json${more}`, { sleep: (ms) => pause(ms) });

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null;

test('the daemon is asked to end, and its end is waited for', async () => {
  const { child, folder } = await daemonOf(OBEYS);
  const gone = once(child, 'exit');
  const { code, out } = await stop(folder);
  expect(await gone).toEqual([null, 'SIGTERM']);
  expect(code).toBe(0);
  expect(jsonLines(out)).toMatchObject([{ did: 'stopped', pid: child.pid }]);
});

test('one that does not end in time is said so and left alone', async () => {
  const { child, folder } = await daemonOf(IGNORES);
  const { code, err } = await stop(folder, ' --timeout 0.2');
  expect(code).toBe(1);
  expect(err).toContain('has not ended after 0.2 s');
  expect(isAlive(child)).toBe(true);
});

test('with --force it is killed then', async () => {
  const { child, folder } = await daemonOf(IGNORES);
  const gone = once(child, 'exit');
  const { code, out } = await stop(folder, ' --timeout 0.2 --force');
  expect(await gone).toEqual([null, 'SIGKILL']);
  expect(code).toBe(0);
  expect(jsonLines(out)).toMatchObject([{ did: 'killed', pid: child.pid }]);
});

test.each([
  ['began at another time', { processStart: '1' }],
  ['began after the file was written', { startedAt: '2020-01-01T00:00:00Z' }],
])('a process of its number that %s is never signalled', async (_, facts) => {
  const { child, folder } = await daemonOf(OBEYS, facts);
  const { code, out } = await stop(folder, ' --force');
  expect(code).toBe(0);
  expect(jsonLines(out)).toMatchObject([{ did: 'none' }]);
  expect(isAlive(child)).toBe(true);
});

test('a file that does not say when its process began has nothing signalled', async () => {
  const { child, folder } = await daemonOf(OBEYS, { processStart: undefined });
  const { code, err } = await stop(folder, ' --force');
  expect(code).toBe(4);
  expect(err).toContain('was not signalled');
  expect(isAlive(child)).toBe(true);
});

test('where no daemon runs there is nothing to do', async () => {
  const folder = newFolder();
  const { code, out } = await stop(folder);
  expect(code).toBe(0);
  expect(jsonLines(out)).toEqual([{ did: 'none', pid: null, what: `no daemon runs on ${folder}` }]);
});
