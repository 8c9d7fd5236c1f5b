/**
 * `kill -9` of what runs commands, while processes that have got away from their shells live: none of them outlives it.
 * Which processes there are, they have written down themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startTimeOf } from '../../../src/platform/process-start.ts';
import { pipesFolder } from '../../../src/tools/commands/pipes.ts';
import { mutant } from '../../support/mutant.ts';
import { until } from '../../support/until.ts';
import { folder, getaways, Ledger, Shell, textOf } from './shell.ts';

const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./daemon.mjs', import.meta.url));

interface Daemon {
  readonly dir: string;
  readonly ledger: Ledger;
  readonly launcher: number;
  readonly process: ChildProcess;
}

/** Killed, or about to be, with all its commands under way. */
const daemon = async (dist: string = DIST): Promise<Daemon> => {
  const dir = folder();
  const ledger = new Ledger(join(dir, 'ledger'));
  const commands = getaways(ledger);
  const args = [PROGRAM, dist, dir, JSON.stringify(commands)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
    ledger.kill();
  });
  let said = '';
  child.stdout.on('data', (bytes) => {
    said += bytes;
  });
  await until(() => ledger.entries.length === commands.length && said.endsWith('\n'));
  expect(ledger.living.length).toBe(commands.length);
  return { dir, ledger, launcher: Number(said), process: child };
};

const isGone = (pid: number): boolean => startTimeOf(pid) === undefined;

describe.skipIf(process.platform !== 'linux')('kill -9', () => {
  test('of the daemon leaves no process', async () => {
    const { dir, ledger, launcher, process: child } = await daemon();
    const { mark } = JSON.parse(readFileSync(join(dir, 'commands.json'), 'utf8'));
    expect(existsSync(pipesFolder(mark))).toBe(true);
    child.kill('SIGKILL');
    await until(() => isGone(launcher));
    expect(ledger.living).toEqual([]);
    expect(existsSync(pipesFolder(mark))).toBe(false);
  });

  test('of a daemon whose launcher does not sweep leaves those in groups of their own: the test sees them', async () => {
    const launcher = 'src/tools/commands/launcher-child.js';
    const parts = ['otp', 'platform', 'model', 'permissions', 'session/ports', 'tools'];
    const dist = mutant(
      ...([launcher, /await sweep\(mark, clock\);/, ''] as const),
      parts.map((part) => `src/${part}`),
    );
    const { ledger, launcher: pid, process: child } = await daemon(dist);
    child.kill('SIGKILL');
    await until(() => isGone(pid));
    expect(ledger.living.toSorted()).toEqual(['job', 'setsid', 'setsid-alone', 'stubborn-setsid']);
  });

  test('of both leaves nothing that the next daemon does not end before it takes a call', async () => {
    const { dir, ledger, launcher, process: child } = await daemon();
    process.kill(launcher, 'SIGSTOP'); // it does not see its owner die
    child.kill('SIGKILL');
    await until(() => child.signalCode !== null);
    process.kill(launcher, 'SIGKILL');
    expect(ledger.living).toHaveLength(ledger.entries.length);
    const shell = await Shell.start({}, dir);
    expect(ledger.living).toEqual([]);
    expect(shell.warnings).toEqual(['ended what earlier commands had left running']);
  });

  test('of the daemon ends a launcher that hangs when the next one starts', async () => {
    const { dir, ledger, launcher, process: child } = await daemon();
    process.kill(launcher, 'SIGSTOP');
    child.kill('SIGKILL');
    await until(() => child.signalCode !== null);
    await Shell.start({}, dir);
    await until(() => isGone(launcher));
    expect(ledger.living).toEqual([]);
  });

  test('of the launcher ends all commands, calls them unknown, and the next command runs', async () => {
    const shell = await Shell.start();
    const ledger = shell.ledger();
    const commands = getaways(ledger);
    const asked = commands.map((command) => shell.ask('Bash', { command }));
    await until(() => ledger.entries.length === commands.length);
    const launcher = await shell.launcher();
    process.kill(launcher, 'SIGKILL');
    for (const { outcome } of asked) {
      expect(await outcome).toEqual({
        ...{ type: 'result', isError: true },
        content: 'interrupted: it is unknown whether it ran',
      });
      expect(ledger.living).toEqual([]);
    }
    expect(await shell.says('echo again')).toBe('again');
    expect(await shell.launcher()).not.toBe(launcher);
    expect(shell.warnings).toEqual(['the launcher has died']);
  });

  test('of the launcher by its own commands, again and again, harms no other part', async () => {
    const shell = await Shell.start();
    for (let round = 0; round < 4; round += 1)
      expect(textOf(await shell.bash('kill -9 $PPID; sleep 1000'))).toContain('unknown');
    expect(await shell.says('echo again')).toBe('again');
  });

  test('of the launcher does not lose what waits for its turn', async () => {
    const shell = await Shell.start({ maxRunning: 1 });
    const ledger = shell.ledger();
    const first = shell.bash(ledger.sleeper('first'));
    const second = shell.says('echo second');
    await until(() => ledger.entries.length === 1);
    process.kill(await shell.launcher(), 'SIGKILL');
    expect(textOf(await first)).toContain('unknown');
    expect(await second).toBe('second');
  });
});

test('a stop right behind the end of the launcher begins no other one', async () => {
  const shell = await Shell.start();
  const ledger = shell.ledger();
  const first = shell.bash(ledger.sleeper('first'));
  await until(() => ledger.entries.length === 1);
  process.kill(await shell.launcher(), 'SIGKILL');
  await until(async () => (await shell.status()).pid === undefined);
  const second = shell.bash('true');
  await shell.stop();
  expect(textOf(await first)).toContain('unknown');
  expect(textOf(await second)).toBe('The command was not run: Greenroom is stopping.');
  expect(ledger.living).toEqual([]);
});

test('a stop ends all commands and the launcher, and leaves no trace', async () => {
  const shell = await Shell.start();
  const ledger = shell.ledger();
  const commands = getaways(ledger);
  const asked = commands.map((command) => shell.ask('Bash', { command }));
  await until(() => ledger.entries.length === commands.length);
  const launcher = await shell.launcher();
  await shell.stop();
  expect(isGone(launcher)).toBe(true);
  expect(ledger.living).toEqual([]);
  expect(existsSync(join(shell.dir, 'commands.json'))).toBe(false);
  for (const { outcome } of asked) expect((await outcome).type).toBe('cancelled');
  expect(textOf(await shell.bash('true'))).toBe('The command was not run: Greenroom is stopping.');
});
