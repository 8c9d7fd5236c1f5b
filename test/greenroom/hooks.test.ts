/** Hooks in a running Greenroom: functions and scripts around tool calls and whole turns. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Options, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';

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
