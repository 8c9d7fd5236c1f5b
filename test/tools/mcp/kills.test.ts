/** `kill -9` of a program with a server of the registry and one that starts processes of its own: none outlives it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startTimeOf } from '../../../src/platform/process-start.ts';
import { until } from '../../support/until.ts';
import { everything, folder, Program, start, stateOf, tool } from './servers.ts';

const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));
const DAEMON = fileURLToPath(new URL('./daemon.mjs', import.meta.url));

const isGone = (pid: number): boolean => startTimeOf(pid) === undefined;

interface Daemon {
  readonly dir: string;
  /** Of the servers and of what they have started. */
  readonly pids: readonly number[];
  readonly keeper: number;
  readonly process: ChildProcess;
}

const daemon = async (): Promise<Daemon> => {
  const dir = folder();
  const program = new Program(dir, [tool('children')]);
  const file = join(dir, 'mcp.json');
  const registry = { command: process.execPath, args: [everything, 'stdio'] };
  writeFileSync(file, JSON.stringify({ mcpServers: { test: program.settings, registry } }));
  const child = spawn(process.execPath, [DAEMON, DIST, dir, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    for (const pid of program.pids) if (!isGone(pid)) process.kill(pid, 'SIGKILL');
  });
  let said = '';
  child.stdout.on('data', (bytes) => {
    said += bytes;
  });
  await until(() => said.endsWith('\n'));
  await until(() => program.pids.length === 3);
  const { servers, keeper } = JSON.parse(said) as { servers: number[]; keeper: number };
  const pids = [...new Set([...servers, ...program.pids])];
  expect(pids).toHaveLength(4);
  expect(pids.filter(isGone)).toEqual([]);
  return { dir, pids, keeper, process: child };
};

describe.skipIf(process.platform !== 'linux')('kill -9', () => {
  test('of the program leaves no process', async () => {
    const { pids, keeper, process: child } = await daemon();
    child.kill('SIGKILL');
    await until(() => [...pids, keeper].every(isGone));
  });

  test('of it and of its keeper leaves nothing that the next one does not end before it starts a server', async () => {
    const { dir, pids, keeper, process: child } = await daemon();
    process.kill(keeper, 'SIGSTOP'); // it does not see its owner die
    child.kill('SIGKILL');
    await until(() => child.signalCode !== null);
    process.kill(keeper, 'SIGKILL');
    await until(() => isGone(keeper));
    const { log } = await start({}, { dir });
    expect(pids.filter((pid) => !isGone(pid))).toEqual([]);
    expect(log.join('')).toContain('ended what earlier MCP servers had left running');
  });
});

test.skipIf(process.platform !== 'linux')(
  'a server that ends takes what it has started with it, also out of its group',
  async () => {
    const dir = folder();
    const program = new Program(dir, [tool('children'), tool('crash')]);
    const one = await start({ test: program.settings }, { dir });
    await until(() => stateOf(one) === 'connected');
    await one.call('mcp__test__children');
    await until(() => program.pids.length === 3);
    const { pids } = program;
    await one.call('mcp__test__crash');
    await until(() => pids.every(isGone));
  },
);
