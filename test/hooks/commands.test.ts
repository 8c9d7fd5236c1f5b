/** Hooks that are commands, as real processes: what they are given, how they end, and what is left of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HookCommands } from '../../src/hooks/commands/hook-commands.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { startTimeOf } from '../../src/platform/process-start.ts';
import { until } from '../support/until.ts';
import { bash, command, folder, script, startHooks } from './hooking.ts';

const pidIn = (file: string): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0);
const isGone = (pid: number): boolean => startTimeOf(pid) === undefined;

describe('a command', () => {
  test('reads exactly the fields of its event', async () => {
    const { hooks, call, dir } = await startHooks({
      events: { PreToolUse: command('cat > seen') },
    });
    await hooks.run(call('PreToolUse', bash('ls')));
    expect(JSON.parse(readFileSync(join(dir, 'seen'), 'utf8'))).toEqual({
      session_id: 's1',
      prompt_id: 'turn-1',
      transcript_path: null,
      cwd: dir,
      permission_mode: 'default',
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command: 'ls' },
      tool_use_id: 'toolu_1',
    });
  });

  test('reads the path of a transcript where there is one, and no prompt where there is none', async () => {
    const { hooks, call, dir } = await startHooks({
      events: { SessionStart: command('cat > seen') },
    });
    const more = { turnId: undefined, transcriptPath: '/t.jsonl', subject: 'startup' };
    await hooks.run(call('SessionStart', { source: 'startup', session_id: 'other' }, more));
    expect(JSON.parse(readFileSync(join(dir, 'seen'), 'utf8'))).toEqual({
      ...{ session_id: 's1', transcript_path: '/t.jsonl', cwd: dir, permission_mode: 'default' },
      ...{ hook_event_name: 'SessionStart', source: 'startup' },
    });
  });

  test('need not read, and may be given much', async () => {
    const events = {
      PostToolUse: command('exec 0<&-; exit 0'),
      PreToolUse: command('wc -c >&2; exit 2'),
    };
    const { hooks, call } = await startHooks({ events });
    const big = { ...bash('x'.repeat(4_000_000)) };
    expect((await hooks.run(call('PostToolUse', big))).runs).toMatchObject([{ ended: 'ok' }]);
    expect(Number((await hooks.run(call('PreToolUse', big))).reason)).toBeGreaterThan(4_000_000);
  });

  test('sees its project and what programs need of the environment, and no keys', async () => {
    process.env['GREENROOM_TEST_SECRET'] = 'x';
    const { hooks, call, dir } = await startHooks({ events: { Stop: command('env; exit 1') } });
    delete process.env['GREENROOM_TEST_SECRET'];
    const events = { Stop: command('env >&2; exit 2') };
    const other = await startHooks({ events, dir });
    const { reason = '' } = await other.hooks.run(call('Stop', {}, { projectFolder: '/project' }));
    await hooks.run(call('Stop'));
    const names = reason.split('\n').map((line) => line.split('=')[0] ?? '');
    expect(reason).toContain('CLAUDE_PROJECT_DIR=/project\n');
    expect(names).toContain('PATH');
    const ours = names.filter((name) => /GREENROOM|ANTHROPIC|NODE|VITEST/.test(name)).toSorted();
    expect(ours).toEqual(['GREENROOM_CHILD', 'GREENROOM_COMMAND']); // what it is found by
  });

  test('has outputs and an input that can be opened by name', async () => {
    const events = { PreToolUse: command('cat /dev/stdin > /dev/stderr; exit 2') };
    const { hooks, call } = await startHooks({ events });
    const { reason = '' } = await hooks.run(call('PreToolUse', bash('ls')));
    expect(JSON.parse(reason)).toMatchObject({ tool_name: 'Bash' });
  });

  test('with args is a program, and no shell reads them', async () => {
    const events = {
      PreToolUse: command('printf', { args: ['%s', '{"reason":"$HOME","decision":"block"}'] }),
    };
    const { hooks, call } = await startHooks({ events });
    expect(await hooks.run(call('PreToolUse', bash('ls')))).toMatchObject({
      ...{ decision: 'deny', reason: '$HOME' },
    });
  });
});

describe('a gate', () => {
  const failures = [
    ['could_not_start', { command: './nothing.sh' }],
    ['could_not_start', { command: '/nowhere/hook', args: [] }],
    ['could_not_start', { command: 'not-a-program-of-this-machine --check' }],
    ['killed', { command: 'kill -9 $$' }],
    ['killed', { command: 'bash -c "kill -9 \\$\\$"; exit $?' }],
    ['timeout', { command: 'sleep 60', timeout: 0.2 }],
    ['bad_output', { command: 'echo "{ no JSON"' }],
    ['bad_output', { command: 'echo "{\\"continue\\":1}"' }],
  ] as const;

  test.each(failures)('is closed by a hook that fails: %s of %j', async (ended, hook) => {
    const hooks = [{ type: 'command', ...hook }];
    const gates = ['PreToolUse', 'PermissionRequest', 'UserPromptSubmit'] as const;
    const events = Object.fromEntries(
      [...gates, 'PostToolUse'].map((event) => [event, [{ hooks }]]),
    );
    const started = await startHooks({ events });
    const verdicts = await Promise.all(
      gates.map((event) => started.hooks.run(started.call(event, bash('ls')))),
    );
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({ decision: 'deny', runs: [{ ended, goesOn: false }] });
    const after = await started.hooks.run(started.call('PostToolUse', bash('ls')));
    expect(after).toMatchObject({
      decision: undefined,
      context: [],
      runs: [{ ended, goesOn: true }],
    });
    expect(started.warnings).toHaveLength(gates.length + 1);
    expect(started.warnings[0]).toMatchObject([{ ended, sessionId: 's1' }, 'a hook has failed']);
  });

  test('stays open where its hook is to let things go on', async () => {
    const events = { PreToolUse: [{ onFailure: 'continue', ...command('./nothing.sh')[0] }] };
    const { hooks, call } = await startHooks({ events });
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: undefined, runs: [{ goesOn: true }] });
  });

  test('is closed by a hook whose working directory is gone', async () => {
    const { hooks, call } = await startHooks({ events: { PreToolUse: command('true') } });
    const { reason } = await hooks.run(call('PreToolUse', bash('ls'), { cwd: '/nowhere' }));
    expect(reason).toContain('the working directory /nowhere is not there');
  });
});

describe('several hooks', () => {
  test('run side by side, the same one once, and the strictest decides', async () => {
    const decide = (decision: string, other: string) => ({
      type: 'command',
      // Each waits for the other to have begun.
      command: `touch ${decision}; until [ -e ${other} ]; do sleep 0.01; done
        echo '{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"${decision}"}}'`,
    });
    const count = { type: 'command', command: 'echo x >> count' };
    const events = {
      PreToolUse: [
        { matcher: 'Bash', hooks: [decide('allow', 'deny'), count] },
        { hooks: [decide('deny', 'allow'), count] },
        { matcher: 'Edit', hooks: [{ type: 'command', command: 'touch never' }] },
      ],
    };
    const { hooks, call, dir } = await startHooks({ events });
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict.decision).toBe('deny');
    expect(verdict.runs).toHaveLength(3);
    expect(readFileSync(join(dir, 'count'), 'utf8')).toBe('x\n');
    expect(existsSync(join(dir, 'never'))).toBe(false);
  });

  test('are so many at a time, and too many could not start', async () => {
    const events = { Stop: command('until [ -e go ]; do sleep 0.01; done') };
    const started = await startHooks({ events, maxRunning: 2, maxWaiting: 1 });
    const running = [1, 2, 3].map(() => started.hooks.run(started.call('Stop')));
    await until(async () => {
      const { running: now, waiting } = await started.status();
      return now === 2 && waiting === 1;
    });
    const { runs } = await started.hooks.run(started.call('Stop'));
    expect(runs).toMatchObject([
      { ended: 'could_not_start', said: 'too many hooks run or wait already' },
    ]);
    script(started.dir, 'go', '');
    const ends = (await Promise.all(running)).map((verdict) => verdict.runs[0]?.ended);
    expect(ends).toEqual(['ok', 'ok', 'ok']);
  });
});

describe('a hook for calls that a rule is about', () => {
  const events = { PreToolUse: command('echo no >&2; exit 2', { if: 'Bash(git *)' }) };

  test.each([
    ['git push', 'deny'],
    ['cd /tmp && git push', 'deny'],
    ['ls', undefined],
  ])('%s: %s', async (text, decision) => {
    const { hooks, call } = await startHooks({ events });
    expect((await hooks.run(call('PreToolUse', bash(text)))).decision).toBe(decision);
  });
});

describe('a hook that nobody waits for', () => {
  test('runs, and what it says is not heard', async () => {
    const text = 'until [ -e go ]; do sleep 0.01; done; touch done; exit 2';
    const { hooks, call, dir } = await startHooks({
      events: { PreToolUse: command(text, { async: true }) },
    });
    expect(await hooks.run(call('PreToolUse', bash('ls')))).toMatchObject({ decision: undefined });
    script(dir, 'go', '');
    await until(() => existsSync(join(dir, 'done')));
  });
});

describe('a hook that prints without an end', () => {
  test('takes no more memory than is kept, and ends', async () => {
    const { hooks, call } = await startHooks({ events: { PreToolUse: command('yes') } });
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: 'deny', runs: [{ ended: 'bad_output' }] });
    expect(verdict.reason?.length).toBeLessThan(200);
  });
});

describe('what a hook leaves running', () => {
  test('does not hold its verdict up', async () => {
    const text = 'sleep 300 & echo $! > left; echo late >&2; exit 2';
    const { hooks, call, dir, stop } = await startHooks({ events: { PreToolUse: command(text) } });
    expect((await hooks.run(call('PreToolUse', bash('ls')))).reason).toBe('late');
    const left = pidIn(join(dir, 'left'));
    expect(isGone(left)).toBe(false); // it has a while to end by itself
    await stop();
    await until(() => isGone(left));
  });

  test.skipIf(process.platform !== 'linux')(
    'ends with one whose time is over, in its group and out of it',
    async () => {
      const dir = folder();
      const warn = () => undefined;
      const commands = new HookCommands({ clock: systemClock, traceFolder: undefined, warn });
      onTestFinished(() => commands.close());
      const text = 'sleep 300 & echo $! > one; setsid sleep 300 & echo $! > two; sleep 300';
      const late = new AbortController();
      const end = commands.run({ command: text, cwd: dir, env: {}, input: '' }, late.signal);
      const pids = () => ['one', 'two'].map((name) => pidIn(join(dir, name)));
      await until(() => pids().every((pid) => pid > 0));
      late.abort();
      expect(await end).toMatchObject({ type: 'ended', ending: { type: 'ended' } });
      expect(pids().every(isGone)).toBe(true);
    },
  );
});

test('the time of SessionEnd is short, and at most a minute', async () => {
  const { hooks, call } = await startHooks({ events: { SessionEnd: command('sleep 300') } });
  const { runs } = await hooks.run(call('SessionEnd', { reason: 'other' }));
  expect(runs).toMatchObject([{ ended: 'timeout', said: 'it had not ended within its 1.5 s' }]);
});
