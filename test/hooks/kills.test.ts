/** `kill -9` of what runs hooks, while processes that have got away from them live: none of them outlives it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startTimeOf } from '../../src/platform/process-start.ts';
import { mutant } from '../support/mutant.ts';
import { until } from '../support/until.ts';
import { bash, command, folder, startHooks } from './hooking.ts';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./daemon.mjs', import.meta.url));
const NAMES = ['plain', 'background', 'setsid', 'stubborn'];

/** Each writes its number down, or what it has started does: one that leaves its group once it has left it. */
const getaways = [
  'echo $$ > plain; sleep 300',
  'sleep 300 & echo $! > background; sleep 300',
  'setsid sh -c "echo \\$\\$ > setsid; exec sleep 300" & sleep 300',
  'trap "" TERM HUP; setsid sh -c "trap \\"\\" TERM; echo \\$\\$ > stubborn; while :; do sleep 1; done" & sleep 300',
];

interface Daemon {
  readonly dir: string;
  readonly launcher: number;
  readonly process: ChildProcess;
  readonly living: () => readonly string[];
}

const isGone = (pid: number): boolean => startTimeOf(pid) === undefined;

const daemon = async (dist: string = DIST): Promise<Daemon> => {
  const dir = folder();
  const args = [PROGRAM, dist, dir, JSON.stringify(getaways)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const pidOf = (name: string): number => {
    const file = join(dir, name);
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  };
  const living = () => NAMES.filter((name) => pidOf(name) > 0 && !isGone(pidOf(name)));
  onTestFinished(() => {
    child.kill('SIGKILL');
    for (const name of living()) process.kill(pidOf(name), 'SIGKILL');
  });
  let said = '';
  child.stdout.on('data', (bytes) => {
    said += bytes;
  });
  await until(() => living().length === NAMES.length && said.endsWith('\n'));
  return { dir, launcher: Number(said), process: child, living };
};

describe.skipIf(process.platform !== 'linux')('kill -9', () => {
  test('of the daemon leaves no process', async () => {
    const { launcher, living, process: child } = await daemon();
    child.kill('SIGKILL');
    await until(() => isGone(launcher));
    expect(living()).toEqual([]);
  });

  test('of a daemon whose launcher does not sweep leaves what has left its group: the test sees it', async () => {
    const file = 'src/hooks/commands/hook-launcher-child.js';
    const dist = mutant(file, /await sweep\(mark, clock\);/, '', ['src']);
    const { launcher, living, process: child } = await daemon(dist);
    child.kill('SIGKILL');
    await until(() => isGone(launcher));
    expect(living()).toEqual(['setsid', 'stubborn']);
  });

  test('of both leaves nothing that the next daemon does not end before it runs a hook', async () => {
    const { dir, launcher, living, process: child } = await daemon();
    process.kill(launcher, 'SIGSTOP'); // it must not hear of the daemon's end
    child.kill('SIGKILL');
    process.kill(launcher, 'SIGKILL');
    await until(() => isGone(launcher));
    expect(living()).toEqual(NAMES);
    const { warnings } = await startHooks({ dir });
    expect(living()).toEqual([]);
    expect(warnings).toMatchObject([[{}, 'ended what earlier hooks had left running']]);
  });

  test('of the launcher closes the gates that wait for it, and the next hook has another', async () => {
    const events = { PreToolUse: command('[ -e go ] || sleep 300') };
    const { hooks, call, status, dir } = await startHooks({ events });
    const waiting = hooks.run(call('PreToolUse', bash('ls')));
    await until(async () => (await status()).pid !== undefined && (await status()).running === 1);
    const { pid = 0 } = await status();
    process.kill(pid, 'SIGKILL');
    expect(await waiting).toMatchObject({ decision: 'deny', runs: [{ ended: 'killed' }] });
    writeFileSync(join(dir, 'go'), '');
    expect((await hooks.run(call('PreToolUse', bash('ls')))).runs).toMatchObject([{ ended: 'ok' }]);
    expect((await status()).pid).not.toBe(pid);
  });
});
