/** One command after another, each in a shell of its own, by real processes. */
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../support/until.ts';
import { type AtEnd, folder, getaways, Shell, textOf } from './shell.ts';

/** For what leaves it as it was. */
let shell: Shell;
beforeAll(async () => {
  const ends: Parameters<AtEnd>[0][] = [];
  shell = await Shell.start({}, undefined, (end) => ends.push(end));
  return async () => {
    for (const end of ends.reverse()) await end();
  };
});

describe('what is printed', () => {
  test('both outputs come in the order in which they were written', async () => {
    const lines = Array.from({ length: 50 }, (_, n) => `echo ${n}${n % 2 === 0 ? '' : ' >&2'}`);
    expect(await shell.says(lines.join(';'))).toBe(
      Array.from({ length: 50 }, (_, n) => n).join('\n'),
    );
  });

  test('the outputs can be opened by their names', async () => {
    expect(await shell.says('echo a > /dev/stderr; echo b | tee /dev/stderr >/dev/null')).toBe(
      'a\nb',
    );
  });

  test('bytes that are no text and NULs are replaced, a character in two pieces is whole', async () => {
    const command = `printf 'a\\0\\377\\303'; sleep 0.05; printf '\\251\\033[1mb'`;
    expect(await shell.says(command)).toBe('a\uFFFD\uFFFDé\u001b[1mb');
  });

  test('nothing is said so', async () => {
    expect(await shell.bash('true')).toEqual({
      ...{ type: 'result', isError: false, content: '(no output)' },
    });
  });

  test('what is behind a >(…) comes too', async () => {
    expect(await shell.says('echo late > >(sleep 0.2; cat)')).toContain('late');
  });

  test('30,000 characters are shown, one more goes to a file with its beginning and end shown', async () => {
    const whole = 'x'.repeat(30_000);
    expect(await shell.says(`printf '%s' ${whole}`)).toBe(whole);
    const text = await shell.says(`printf 'begin%s-end' $(printf '%030000d' 0)`);
    expect(text.length).toBeLessThan(10_500);
    expect(text).toMatch(/^begin0+\n/);
    expect(text).toMatch(/0-end$/);
    const [, left, path = ''] = /\[(\d+) characters .* is in (.+)\]/.exec(text) ?? [];
    expect(Number(left)).toBe('begin-end'.length + 30_000 - 10_000);
    expect(readFileSync(path, 'utf8')).toBe(`begin${'0'.repeat(30_000)}-end`);
    expect(path).toContain(join(shell.dir, 'tool-output', 't', 's'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('of one that fails 10,000 characters are shown, and the rest is in the file', async () => {
    const text = await shell.says(`printf 'é%.0s' {1..10001}; exit 7`);
    expect(text).toMatch(/^Exit code 7\né/);
    const [, path = ''] = /is in (.+)\]/.exec(text) ?? [];
    expect(readFileSync(path, 'utf8')).toBe('é'.repeat(10_001));
  });

  test('a cut leaves no half of a character', async () => {
    const text = await shell.says(`printf 'a'; printf '😀%.0s' {1..20001}`);
    expect(text).not.toMatch(/\p{Cs}/u);
  });

  test('one that prints without end is ended at 64 MiB, and takes no memory by that', async () => {
    await shell.bash('true');
    const launcher = await shell.launcher();
    const asked = shell.ask('Bash', { command: 'yes greenroom' });
    let isDone = false;
    void asked.outcome.then(() => {
      isDone = true;
    });
    let mostKb = 0;
    await until(() => {
      const status = readFileSync(`/proc/${launcher}/status`, 'utf8');
      mostKb = Math.max(mostKb, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]));
      return isDone;
    });
    const outcome = await asked.outcome;
    expect(outcome).toMatchObject({ type: 'result', isError: true });
    expect(textOf(outcome)).toMatch(/^The command was ended: it had printed 64 MiB/);
    const [, path = ''] = /is in (.+)\]/.exec(textOf(outcome)) ?? [];
    expect(statSync(path).size).toBe(64 * 1024 * 1024);
    expect(mostKb).toBeLessThan(250_000);
  });

  test('a file that cannot be written is said, and the command goes on', async () => {
    const own = await Shell.start();
    writeFileSync(join(own.dir, 'tool-output'), 'in the way');
    const text = await own.says(`printf '%040000d' 0`);
    expect(text).toContain('What is printed cannot be kept');
    expect(text).toMatch(/^0{5000}\n/);
  });

  test('its file is not written through a link', async () => {
    const own = await Shell.start();
    const spills = join(own.dir, 'tool-output', 't', 's');
    mkdirSync(spills, { recursive: true });
    writeFileSync(join(own.dir, 'mine'), 'mine');
    symlinkSync(join(own.dir, 'mine'), join(spills, 'toolu_1.txt'));
    await own.bash(`printf '%040000d' 0`);
    expect(readFileSync(join(own.dir, 'mine'), 'utf8')).toBe('mine');
  });
});

describe('how it ends', () => {
  test.each([
    ['true', false],
    ['grep -q x /dev/null', false],
    ['find /nowhere-at-all', false],
    ['test -e /nowhere', false],
    ['[ 1 = 2 ]', false],
    ['cd . && echo a | grep b', false],
    ['diff <(echo a) <(echo b) >/dev/null', false],
    ['false', true],
    ['grep -q x /nowhere', true],
    ['echo "a | grep b"; false', true],
    ['grep x /dev/null; false', true],
  ])('%s is a failure: %s', async (command, isError) => {
    const outcome = await shell.bash(command);
    expect(outcome).toMatchObject({ type: 'result', isError });
    if (isError) expect(textOf(outcome)).toMatch(/^Exit code [12]/);
  });

  test('a signal is named', async () => {
    expect(await shell.says('echo before; kill -9 $$')).toBe(
      'The command was ended by SIGKILL.\nbefore',
    );
  });

  test('its time is up: it is asked, then killed, and what it had printed is there', async () => {
    const ledger = shell.ledger();
    const command = `trap '' TERM; echo so far; ${ledger.sleeper('stubborn')}`;
    const outcome = await shell.bash(command, { timeout: 300 });
    expect(outcome).toMatchObject({ type: 'result', isError: true });
    expect(textOf(outcome)).toBe(
      'The command was ended: it had not finished within its 0.3 s timeout.\nso far',
    );
    expect(ledger.living).toEqual([]);
  });

  test('one that is cancelled ends, with what it had printed', async () => {
    const ledger = shell.ledger();
    const asked = shell.ask('Bash', { command: `echo so far; ${ledger.sleeper('one')}` });
    await until(() => ledger.entries.length === 1);
    asked.handle.cancel();
    expect(await asked.outcome).toMatchObject({ type: 'cancelled' });
    expect(textOf(await asked.outcome)).toContain('so far');
    expect(ledger.living).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')(
    'of one that is made to end, nothing is left that has got away, and the others go on',
    async () => {
      const [ledger, others] = [shell.ledger(), shell.ledger()];
      const other = shell.ask('Bash', { command: `setsid ${others.sleeper('other')} & wait` });
      const asked = getaways(ledger).map((command) => shell.ask('Bash', { command }));
      await until(() => ledger.entries.length === asked.length && others.entries.length === 1);
      for (const { handle } of asked) handle.cancel();
      for (const { outcome } of asked) await outcome;
      expect([ledger.living, others.living]).toEqual([[], ['other']]);
      other.handle.cancel();
      await other.outcome;
    },
  );

  test('one that is cancelled at once has not run, or has ended', async () => {
    const asked = shell.ask('Bash', { command: 'sleep 1000' });
    asked.handle.cancel();
    expect(await asked.outcome).toMatchObject({ type: 'cancelled' });
    expect((await shell.status()).running).toBe(0);
  });

  test('what it leaves running ends with it, and that is said', async () => {
    const ledger = shell.ledger();
    const text = await shell.says(
      `${ledger.sleeper('left')} >/dev/null & until [ -e ${ledger.path} ]; do sleep 0.01; done; echo done`,
    );
    expect(text).toMatch(/^done\nWhat the command had left running was ended/);
    expect(ledger.living).toEqual([]);
  });
});

describe('where it runs', () => {
  test('the folder is kept for the next call, in the working directory and the folders beside it', async () => {
    expect(await shell.bash('mkdir -p a/b && cd a/b')).toMatchObject({
      memory: { cwd: join(shell.work, 'a/b') },
    });
    const memory = { cwd: join(shell.work, 'a/b') };
    expect(await shell.says('pwd', {}, { memory })).toBe(memory.cwd);
    expect(await shell.bash('cd ../..', {}, { memory })).toMatchObject({
      memory: { cwd: shell.work },
    });
    expect(await shell.bash('(cd a); false')).not.toHaveProperty('memory');
  });

  test('a folder outside is not kept', async () => {
    symlinkSync('/', join(shell.work, 'link'));
    mkdirSync(`${shell.work}-beside`);
    for (const place of ['/', '..', 'link', '../work-beside']) {
      const outcome = await shell.bash(`cd ${place}`);
      expect(outcome).not.toHaveProperty('memory');
      expect(textOf(outcome)).toBe(`Shell cwd was reset to ${shell.work}`);
    }
  });

  test('a folder beside the working directory is kept when it is given', async () => {
    mkdirSync(join(shell.dir, 'other'));
    const open = await Shell.start(
      {
        ...{ dataDir: undefined, folders: [join(shell.dir, 'other')] },
      },
      shell.dir,
    );
    expect(await open.bash('cd ../other')).toMatchObject({
      memory: { cwd: join(shell.dir, 'other') },
    });
  });

  test('a folder that is gone sends the command to the working directory, and says so', async () => {
    const memory = { cwd: join(shell.work, 'gone') };
    const outcome = await shell.bash('pwd', {}, { memory });
    expect(outcome).toMatchObject({ isError: false, memory: { cwd: shell.work } });
    expect(textOf(outcome)).toMatch(`${shell.work}\n${memory.cwd} is not there any more`);
  });

  test('without its working directory nothing runs', async () => {
    const own = await Shell.start();
    rmSync(own.work, { recursive: true });
    expect(await own.bash('echo x')).toMatchObject({
      isError: true,
      content: `The command was not run: the working directory ${own.work} is not there.`,
    });
  });

  test('it sees no secret of the daemon, and no start file is read', async () => {
    const dir = folder();
    const startFile = join(dir, 'start.sh');
    writeFileSync(startFile, 'echo started');
    const secrets = { ANTHROPIC_API_KEY: 'sk-secret', NODE_OPTIONS: '--no-warnings' };
    for (const [name, value] of Object.entries({ ...secrets, BASH_ENV: startFile, ENV: startFile }))
      vi.stubEnv(name, value);
    vi.stubEnv('LC_TIME', 'C');
    onTestFinished(() => void vi.unstubAllEnvs());
    const own = await Shell.start({ env: { MINE: 'given' } }, dir);
    const seen = await own.says(`env; cat /proc/$$/environ /proc/$PPID/environ | tr '\\0' '\\n'`);
    expect(seen).not.toMatch(/secret|NODE_OPTIONS|BASH_ENV|^ENV=|started/m);
    expect(seen).toMatch(/^LC_TIME=C$/m);
    expect(seen).toMatch(/^MINE=given$/m);
    expect(seen).toMatch(/^PATH=/m);
  });

  test('it has no arguments, no input, and the descriptor 3 to itself', async () => {
    expect(
      await shell.says('echo "$# $0"; cat; exec 3>out; echo x >&3; cd /; cat "$OLDPWD/out"'),
    ).toBe(`0 bash\nx\nShell cwd was reset to ${shell.work}`);
  });
});

describe('what is refused', () => {
  test.each([
    [{}, 'Bash: command: '],
    [{ command: 'a\0b' }, 'Bash: command: has a NUL character'],
    [{ command: 'x'.repeat(120_001) }, 'Bash: command: is longer than 120000 bytes'],
    [{ command: 'true', timeout: 600_001 }, 'Bash: timeout: is at most 600000'],
    [{ command: 'true', timeout: 0 }, 'Bash: timeout: '],
  ])('an input that is wrong: %#', async (input, message) => {
    const outcome = await shell.ask('Bash', input).outcome;
    expect(outcome).toMatchObject({ type: 'result', isError: true });
    expect(textOf(outcome)).toContain(message);
  });

  test('the longest command runs', async () => {
    const command = `true ${'x'.repeat(119_995)}`;
    expect(await shell.bash(command)).toMatchObject({ isError: false });
  });

  test('more than may run wait in their order, more than may wait are refused', async () => {
    const own = await Shell.start({ maxRunning: 1, maxWaiting: 2 });
    const ledger = own.ledger();
    const first = own.ask('Bash', { command: ledger.sleeper('first') });
    await until(() => ledger.entries.length === 1);
    const second = own.bash(`echo 0 second >> ${ledger.path}`);
    const third = own.bash(`echo 0 third >> ${ledger.path}`);
    expect(textOf(await own.bash('true'))).toBe(
      'The command was not run: 2 commands wait already: try again later.',
    );
    first.handle.cancel();
    await Promise.all([first.outcome, second, third]);
    expect(ledger.entries.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
  });

  test('one that waits is cancelled without having run', async () => {
    const own = await Shell.start({ maxRunning: 1 });
    const ledger = own.ledger();
    const first = own.ask('Bash', { command: ledger.sleeper('first') });
    const waits = own.ask('Bash', { command: `echo 0 ran >> ${ledger.path}` });
    waits.handle.cancel();
    expect(await waits.outcome).toEqual({ type: 'cancelled' });
    first.handle.cancel();
    await first.outcome;
    expect(ledger.entries.map(({ name }) => name)).not.toContain('ran');
  });
});

test('the runner of the API’s bash runs commands too, and a restart goes back to the working directory', async () => {
  expect(textOf(await shell.ask('api:bash', { command: 'echo plain' }).outcome)).toBe('plain');
  expect(await shell.ask('api:bash', { restart: true }).outcome).toMatchObject({
    ...{ isError: false, memory: { cwd: shell.work } },
  });
});
