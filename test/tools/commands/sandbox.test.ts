/** Commands in a sandbox, where there is bubblewrap; and what is said where there is not. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { marked } from '../../../src/tools/commands/sweep.ts';
import { until } from '../../support/until.ts';
import { folder, Shell, textOf } from './shell.ts';

const has = (program: string): string | undefined => {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

const withoutBubblewrap = (): boolean => {
  if (has('bwrap') !== undefined) return false;
  console.warn('no bubblewrap (bwrap): what runs in a sandbox is not tested');
  return true;
};

const inside = (args = {}): Promise<Shell> => Shell.start({ sandbox: 'required', ...args });

const markOf = ({ dir }: Shell): string =>
  JSON.parse(readFileSync(join(dir, 'commands.json'), 'utf8')).mark;

describe.skipIf(withoutBubblewrap())('in a sandbox', () => {
  test('a command writes in its folders, and nowhere else', async () => {
    const dir = folder();
    const other = join(dir, 'other');
    mkdirSync(other);
    const shell = await Shell.start({ sandbox: 'required', folders: [other] }, dir);
    const names = [join(shell.work, 'in'), join(other, 'beside'), join(dir, 'out')];
    await shell.bash(names.map((name) => `echo x > ${name}`).join(';'));
    expect(names.map((name) => existsSync(name))).toEqual([true, true, false]);
    expect(await shell.says('touch /usr/greenroom-was-here')).toContain('Read-only file system');
    expect(await shell.says('cat /etc/hostname && echo x > /tmp/x && cat /tmp/x')).toContain('x');
    expect((await shell.status()).missingSandbox).toBeUndefined();
  });

  test('it has a network only where it may', async () => {
    const server = createServer((socket) => socket.end('hello\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const command = `cat < /dev/tcp/127.0.0.1/${port}`;
    expect(await (await inside()).says(command)).toMatch(/^Exit code 1/);
    expect(await (await inside({ hasNetwork: true })).says(command)).toBe('hello');
  });

  test('what leaves its group and clears its environment ends with it all the same', async () => {
    const shell = await inside();
    const file = join(shell.work, 'beat');
    const beat = `while :; do date +%s%N > ${file}; sleep 0.01; done`;
    await shell.bash(
      `setsid env -i PATH="$PATH" bash -c '${beat}' >/dev/null 2>&1 & until [ -s ${file} ]; do sleep 0.01; done`,
    );
    expect(await marked(markOf(shell))).toEqual([]);
    const last = readFileSync(file, 'utf8');
    expect(await shell.says('sleep 0.1; echo later')).toBe('later');
    expect(readFileSync(file, 'utf8')).toBe(last);
  });

  test('folder, exit code, output and time are as they are outside', async () => {
    const shell = await inside();
    expect(await shell.bash('mkdir a; cd a; echo out; echo err >&2; exit 3')).toMatchObject({
      ...{
        isError: true,
        content: 'Exit code 3\nout\nerr',
        memory: { cwd: join(shell.work, 'a') },
      },
    });
    expect(await shell.says(`trap '' TERM; echo so far; sleep 1000`, { timeout: 300 })).toContain(
      'within its 0.3 s timeout.\nso far',
    );
    expect(await marked(markOf(shell))).toEqual([]);
  });

  test('one that is cancelled leaves nothing', async () => {
    const shell = await inside();
    const file = join(shell.work, 'began');
    const asked = shell.ask('Bash', { command: `setsid sleep 1000 & touch ${file}; sleep 1000` });
    await until(() => existsSync(file));
    asked.handle.cancel();
    expect((await asked.outcome).type).toBe('cancelled');
    expect(await marked(markOf(shell))).toEqual([]);
  });

  test('a kill of the launcher ends all that is in it', async () => {
    const shell = await inside();
    const file = join(shell.work, 'began');
    const outcome = shell.bash(`setsid env -i sleep 1000 & touch ${file}; sleep 1000`);
    await until(() => existsSync(file));
    const mark = markOf(shell);
    process.kill(await shell.launcher(), 'SIGKILL');
    expect(textOf(await outcome)).toContain('unknown');
    expect(await marked(mark)).toEqual([]);
  });
});

describe('without bubblewrap', () => {
  /** A folder of programs that has not got it. */
  const bare = (): string => {
    const programs = join(folder(), 'bin');
    mkdirSync(programs);
    for (const name of ['bash', 'mkfifo', 'touch']) {
      const path = has(name);
      if (path !== undefined) symlinkSync(path, join(programs, name));
    }
    vi.stubEnv('PATH', programs);
    onTestFinished(() => void vi.unstubAllEnvs());
    return programs;
  };

  test('nothing runs where a sandbox is required', async () => {
    bare();
    const shell = await inside();
    const file = join(shell.work, 'ran');
    expect(await shell.bash(`touch ${file}`)).toEqual({
      ...{ type: 'result', isError: true },
      content:
        'The command was not run: commands must run in a sandbox, and there is no sandbox: bubblewrap (bwrap) is not installed.',
    });
    expect(existsSync(file)).toBe(false);
  });

  test('where it is only wished for, they run, and the status says so', async () => {
    bare();
    const shell = await Shell.start({ sandbox: 'auto' });
    expect(await shell.says('echo x')).toBe('x');
    expect((await shell.status()).missingSandbox).toBe('bubblewrap (bwrap) is not installed');
  });

  test('one that does not work is as good as missing', async () => {
    writeFileSync(
      join(bare(), 'bwrap'),
      '#!/bin/sh\n[ "$1" = --version ] || { echo no namespaces >&2; exit 1; }\n',
      {
        mode: 0o755,
      },
    );
    const shell = await inside();
    expect(await shell.says('true')).toContain('bubblewrap does not work here: no namespaces');
  });
});
