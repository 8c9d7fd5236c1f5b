/** Hooks in a running Greenroom: functions and scripts around tool calls and whole turns. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Options, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { until } from '../support/until.ts';

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'greenroom-hooks-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

const TOUCH = '[[rehearse: tool=Bash input={"command":"touch made"}]] [[rehearse: text=done]]';

const begin = async (hooks: NonNullable<Options['hooks']>) => {
  const test = await testGreenroom({ hooks });
  const cwd = folder();
  await test.sessions.create('s', { workingDirectory: cwd, permissionMode: 'bypassPermissions' });
  const results = async () => {
    const { entries } = await test.sessions.messages('s', { limit: 100 });
    return JSON.stringify(
      entries.flatMap((entry) =>
        entry.type === 'message' && Array.isArray(entry.message.content)
          ? entry.message.content.filter(({ type }) => type === 'tool_result')
          : [],
      ),
    );
  };
  return { test, cwd, results };
};

describe('a hook', () => {
  it('works in the folder of a session that names none, though no tool has made it yet', async () => {
    const hook = { type: 'command', command: 'pwd > seen; echo "The branch is main."' } as const;
    const file = join(folder(), 'hooks.json');
    writeFileSync(file, JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [hook] }] } }));
    const test = await testGreenroom({ hooksFile: file });
    expect(finishedOf(await test.run('s', 'Hello'))).toMatchObject({
      ...{ status: 'completed', text: expect.stringContaining('The branch is main.') },
    });
  });

  it('before a tool call may deny it, and its run is audited', async () => {
    const deny = () => ({
      hookSpecificOutput: {
        ...{ hookEventName: 'PreToolUse', permissionDecision: 'deny' },
        permissionDecisionReason: 'not on a Sunday',
      },
    });
    const { test, cwd, results } = await begin({
      PreToolUse: [{ matcher: 'Bash', hooks: [deny as never] }],
    });
    const events = await test.run('s', TOUCH);
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(await results()).toContain('not on a Sunday');
    expect(existsSync(join(cwd, 'made'))).toBe(false);
    const { audit } = await test.sessions.audit('s', { limit: 100 });
    expect(audit.filter(({ kind }) => kind === 'hook')).toMatchObject([
      { action: 'denied', details: { event: 'PreToolUse', tool: 'Bash' } },
    ]);
  });

  it('before a tool call is asked behind the commit of the answer; where none is, the rules go into that commit', async () => {
    const { test } = await begin({ PreToolUse: [{ matcher: 'Read', hooks: [() => ({})] }] });
    await test.run('s', TOUCH);
    const session = await test.sessions.get('s');
    // The turn, the answer with its verdict, the result, the end.
    expect(session.version).toBe(1 + 4);
    await test.run('s', TOUCH.replace(/Bash.*?\}/, 'Read input={"file_path":"made"}'));
    const asked = await test.sessions.get('s');
    expect(asked.version).toBe(session.version + 5);
  });

  it('that throws closes its gate', async () => {
    const broken = () => {
      throw new Error('boom');
    };
    const { test, cwd } = await begin({ PreToolUse: [{ hooks: [broken as never] }] });
    expect(finishedOf(await test.run('s', TOUCH)).status).toBe('completed');
    expect(existsSync(join(cwd, 'made'))).toBe(false);
  });

  it('behind a tool call adds to what the model sees of it', async () => {
    const add = () => ({
      hookSpecificOutput: { hookEventName: 'PostToolUse', additionalContext: 'mind the gap' },
    });
    const { test, cwd, results } = await begin({ PostToolUse: [{ hooks: [add as never] }] });
    await test.run('s', TOUCH);
    expect(existsSync(join(cwd, 'made'))).toBe(true);
    expect(await results()).toContain('mind the gap');
  });

  it('on a prompt may stop it, and the model never sees it', async () => {
    const block = () => ({ decision: 'block', reason: 'no secrets, please' });
    const { test } = await begin({ UserPromptSubmit: [{ hooks: [block as never] }] });
    expect(finishedOf(await test.run('s', 'the password is x'))).toMatchObject({
      status: 'failed',
      error: { code: 'hook_blocked', message: 'no secrets, please' },
    });
    expect(test.modelCalls).toHaveLength(0);
  });

  it('at the end may have the model go on', async () => {
    let asked = 0;
    const again = () => {
      asked += 1;
      return asked === 1 ? { decision: 'block', reason: 'run the tests first' } : {};
    };
    const { test } = await begin({ Stop: [{ hooks: [again as never] }] });
    expect(finishedOf(await test.run('s', 'hello')).status).toBe('completed');
    expect(asked).toBe(2);
    expect(JSON.stringify(test.modelCalls.at(-1)?.body.messages)).toContain('run the tests first');
  });

  it('is not asked by a session that names other events', async () => {
    const block = () => ({ decision: 'block', reason: 'no' });
    const { test } = await begin({ UserPromptSubmit: [{ hooks: [block as never] }] });
    await test.sessions.update('s', { hooks: ['Stop'] });
    expect(finishedOf(await test.run('s', 'hello')).status).toBe('completed');
  });
});

describe('an event beside the turn', () => {
  const listening = (said: (input: Told) => unknown = () => ({})) => {
    const told: Told[] = [];
    const hook = (input: Told) => {
      told.push(input);
      return said(input);
    };
    return { told, hooks: [{ hooks: [hook as never] }] };
  };
  interface Told {
    readonly [field: string]: unknown;
  }
  const runsIn = async (test: TestGreenroom, event: string) => {
    const { audit } = await test.sessions.audit('s', { kind: 'hook', limit: 100 });
    return audit.filter(({ details }) => details?.['event'] === event);
  };

  it('Notification is told when a call begins to wait, once, and audited', async () => {
    const { told, hooks } = listening();
    const { test } = await begin({ Notification: hooks });
    await test.sessions.update('s', { permissionMode: 'default' });
    const turn = test.run('s', TOUCH, { turnId: 't' });
    turn.catch(() => undefined);
    await until(async () => (await runsIn(test, 'Notification')).length === 1);
    expect(told).toMatchObject([
      {
        ...{ hook_event_name: 'Notification', session_id: 's', prompt_id: 't' },
        ...{ notification_type: 'permission_prompt', message: expect.stringContaining('Bash') },
      },
    ]);
    await test.restart();
    const [asked] = await test.sessions.asked('s');
    await test.sessions.approve('s', { approvalId: asked?.approvalId ?? '', decision: 'deny' });
    await until(async () => (await test.sessions.get('s')).status === 'idle');
    expect(told).toHaveLength(1);
  });

  it('PreCompact may keep a session from being compacted, and says why', async () => {
    const { told, hooks } = listening(({ session_id }) =>
      session_id === 's' ? { decision: 'block', reason: 'not this one' } : {},
    );
    const { test } = await begin({ PreCompact: hooks });
    for (const id of ['s', 's2']) await test.run(id, 'hello');
    await expect(test.sessions.compact('s', { summary: 'We said hello.' })).rejects.toMatchObject({
      ...{ code: 'hook_blocked', message: 'not this one' },
    });
    expect((await test.sessions.get('s')).compaction).toBeUndefined();
    expect(await runsIn(test, 'PreCompact')).toMatchObject([{ action: 'denied' }]);
    await test.sessions.compact('s2', { summary: 'We said hello.' });
    expect((await test.sessions.get('s2')).compaction).toBeDefined();
    expect(told).toMatchObject([
      { hook_event_name: 'PreCompact', trigger: 'manual', custom_instructions: '' },
      { session_id: 's2' },
    ]);
  });

  it('PreCompact may keep a turn from being summed up, which goes on without', async () => {
    const { told, hooks } = listening(() => ({ decision: 'block', reason: 'not this one' }));
    const { test } = await begin({ PreCompact: hooks });
    await test.sessions.update('s', {
      context: { windowTokens: 10_000, compactAtTokens: 500, compactPrompt: 'Briefly!' },
    });
    for (const prompt of ['one', 'two', 'three']) await test.run('s', prompt.repeat(300));
    expect((await test.sessions.get('s')).compaction).toBeUndefined();
    expect(told[0]).toMatchObject({ trigger: 'auto', custom_instructions: 'Briefly!' });
    expect((await runsIn(test, 'PreCompact')).length).toBeGreaterThan(0);
  });

  it('SessionEnd is told of a session that is deleted, and keeps nothing', async () => {
    const { told, hooks } = listening(() => ({ decision: 'block', reason: 'no' }));
    const { test } = await begin({ SessionEnd: hooks });
    await test.sessions.delete('s');
    await expect(test.sessions.get('s')).rejects.toMatchObject({ code: 'session_deleted' });
    await until(() => told.length > 0);
    await expect(test.sessions.delete('s')).rejects.toMatchObject({ code: 'session_deleted' });
    expect(told).toMatchObject([
      { hook_event_name: 'SessionEnd', session_id: 's', reason: 'other' },
    ]);
  });

  it('SubagentStop is asked in place of Stop, by the kind of agent, and may have it go on', async () => {
    let asked = 0;
    const { told, hooks } = listening(() => {
      asked += 1;
      return asked === 1 ? { decision: 'block', reason: 'look again' } : {};
    });
    const stop = listening();
    const [each] = hooks;
    const { test } = await begin({
      SubagentStop: [
        { matcher: 'general-purpose', ...each, hooks: each?.hooks ?? [] },
        { matcher: 'other', hooks: [() => ({ decision: 'block', reason: 'never' })] as never },
      ],
      Stop: stop.hooks,
    });
    const input = JSON.stringify({ description: 'look', prompt: 'look around' });
    const events = await test.run(
      's',
      `[[rehearse: tool=Agent input=${input}]] [[rehearse: text=done]]`,
    );
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(told).toMatchObject([
      {
        ...{ hook_event_name: 'SubagentStop', stop_hook_active: false },
        ...{ agent_type: 'general-purpose', agent_id: expect.any(String) },
      },
      { stop_hook_active: true },
    ]);
    expect(stop.told).toMatchObject([{ hook_event_name: 'Stop', session_id: 's' }]);
  });
});

it('a script written for Claude Code runs unchanged', async () => {
  const dir = folder();
  const script = join(dir, 'guard.sh');
  writeFileSync(
    script,
    '#!/bin/bash\ninput=$(cat)\nif [[ "$input" == *\'"command":"touch made"\'* ]]; then\n  echo "touching is not allowed" >&2\n  exit 2\nfi\nexit 0\n',
  );
  chmodSync(script, 0o755);
  const hooksFile = join(dir, 'hooks.json');
  const command = { type: 'command', command: script };
  writeFileSync(
    hooksFile,
    JSON.stringify({ hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [command] }] } }),
  );
  const test = await testGreenroom({ hooksFile });
  const cwd = folder();
  await test.sessions.create('s', { workingDirectory: cwd, permissionMode: 'bypassPermissions' });
  await test.run('s', TOUCH);
  expect(existsSync(join(cwd, 'made'))).toBe(false);
  await test.run('s', TOUCH.replace('touch made', 'touch other'));
  expect(existsSync(join(cwd, 'other'))).toBe(true);
});
