/** `canUseTool` of an embedding program, and questions to its user, on real parts. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CanUseTool, CanUseToolContext } from '../../src/index.ts';
import { ownGreenroom, sharedGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { toolCalls, toolResults } from '../support/tool-turns.ts';
import { until } from '../support/until.ts';

const TOUCH = toolCalls([['Bash', { command: 'touch made' }]]);

/** What the shared Greenroom's function does in the test that is on. */
const stage: { canUseTool: CanUseTool } = {
  canUseTool: () => ({ behavior: 'deny', message: 'no test has said what it wants' }),
};
const shared = sharedGreenroom({ canUseTool: (...call) => stage.canUseTool(...call) });

const prepared = async (canUseTool: CanUseTool): Promise<{ test: TestGreenroom; cwd: string }> => {
  stage.canUseTool = canUseTool;
  return inFolder(shared());
};

const inFolder = async (test: TestGreenroom): Promise<{ test: TestGreenroom; cwd: string }> => {
  const cwd = mkdtempSync(join(tmpdir(), 'greenroom-work-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  await test.sessions.create('s', { workingDirectory: cwd });
  return { test, cwd };
};

const isWaiting = (test: TestGreenroom) => async () =>
  (await test.sessions.get('s')).status === 'waiting';

describe('canUseTool', () => {
  it('is called with what waits, and its allow is the answer', async () => {
    const calls: unknown[] = [];
    const canUseTool: CanUseTool = (name, input, { signal, approvalId, ...context }) => {
      calls.push([name, input, context]);
      return { behavior: 'allow', updatedInput: input };
    };
    const { test, cwd } = await prepared(canUseTool);
    const events = await test.run('s', TOUCH);
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(existsSync(join(cwd, 'made'))).toBe(true);
    expect(calls).toMatchObject([
      [
        'Bash',
        { command: 'touch made' },
        {
          ...{ sessionId: 's', tenant: 'default', commands: ['touch made'] },
          suggestions: expect.arrayContaining([
            {
              ...{ type: 'addRules', behavior: 'allow', destination: 'session' },
              rules: [{ toolName: 'Bash', ruleContent: 'touch made' }],
            },
          ]),
        },
      ],
    ]);
    const decided = events.find(({ type }) => type === 'permission.decided');
    expect(decided).toMatchObject({ decision: 'allow', by: 'canUseTool' });
  });

  it('may change the input', async () => {
    const canUseTool: CanUseTool = () => ({
      behavior: 'allow',
      updatedInput: { command: 'touch other' },
    });
    const { test, cwd } = await prepared(canUseTool);
    await test.run('s', TOUCH);
    expect([existsSync(join(cwd, 'made')), existsSync(join(cwd, 'other'))]).toEqual([false, true]);
  });

  it('may give the session rules, so that the same is not asked again', async () => {
    let count = 0;
    const canUseTool: CanUseTool = (_name, _input, { suggestions }) => {
      count += 1;
      return { behavior: 'allow', updatedPermissions: suggestions };
    };
    const { test } = await prepared(canUseTool);
    await test.run('s', TOUCH);
    await test.run('s', TOUCH);
    expect(count).toBe(1);
  });

  it('may deny, with what the model reads, and end the turn', async () => {
    const canUseTool: CanUseTool = () => ({
      ...{ behavior: 'deny', message: 'not on Sundays', interrupt: true },
    });
    const { test, cwd } = await prepared(canUseTool);
    expect(finishedOf(await test.run('s', TOUCH)).status).toBe('cancelled');
    expect(await toolResults(test, 's')).toMatchObject([
      { isError: true, text: expect.stringContaining('not on Sundays') },
    ]);
    expect(existsSync(join(cwd, 'made'))).toBe(false);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
    ],
    ['gives no answer', () => undefined as never],
  ] satisfies readonly [string, CanUseTool][])(
    'that %s leaves the call to other answers',
    async (_, canUseTool) => {
      let count = 0;
      const counted: CanUseTool = (...call) => {
        count += 1;
        return (canUseTool as CanUseTool)(...call);
      };
      const { test, cwd } = await prepared(counted);
      const turn = test.run('s', TOUCH);
      await until(isWaiting(test));
      await until(() => count === 1);
      const [asked] = await test.sessions.asked('s');
      const { approvalId } = asked ?? { approvalId: '' };
      await test.sessions.approve('s', { approvalId, decision: 'allow' });
      expect(finishedOf(await turn).status).toBe('completed');
      expect([count, existsSync(join(cwd, 'made'))]).toEqual([1, true]);
    },
  );

  it('hears by its signal that another answer was first', async () => {
    const contexts: CanUseToolContext[] = [];
    const canUseTool: CanUseTool = (_name, _input, context) => {
      contexts.push(context);
      return new Promise(() => undefined);
    };
    const { test } = await prepared(canUseTool);
    const turn = test.run('s', TOUCH);
    await until(() => contexts.length === 1);
    const [context] = contexts;
    const approvalId = context?.approvalId ?? '';
    await test.sessions.approve('s', { approvalId, decision: 'deny' });
    await turn;
    await until(() => context?.signal.aborted === true);
  });

  it('is called after a restart for what has waited', async () => {
    const { test, cwd } = await inFolder(await ownGreenroom());
    const turn = test.run('s', TOUCH);
    turn.catch(() => undefined);
    await until(isWaiting(test));
    await test.restart({ canUseTool: () => ({ behavior: 'allow' }) });
    await until(() => existsSync(join(cwd, 'made')));
    await until(async () => (await test.sessions.get('s')).status === 'idle');
    expect(await toolResults(test, 's')).toMatchObject([{ isError: false }]);
  });
});

describe('AskUserQuestion', () => {
  const question = {
    question: 'Which one?',
    header: 'One',
    options: [
      { label: 'left', description: 'the left one' },
      { label: 'right', description: 'the right one' },
    ],
    multiSelect: false,
  };
  const ASK = toolCalls([['AskUserQuestion', { questions: [question] }]]);
  const answered =
    (answers?: Record<string, string>): CanUseTool =>
    (_name, input) => ({
      behavior: 'allow',
      ...(answers === undefined ? {} : { updatedInput: { ...input, answers } }),
    });

  it.each(['default', 'bypassPermissions', 'plan'] as const)(
    'waits in the mode %s for answers, which the model reads',
    async (permissionMode) => {
      const { test } = await prepared(answered({ 'Which one?': 'left' }));
      await test.sessions.update('s', { permissionMode, allowedTools: ['AskUserQuestion'] });
      await test.run('s', ASK);
      const [told] = await toolResults(test, 's');
      expect(told).toEqual({
        text: 'The user has answered:\n- Which one?\n  left',
        isError: false,
      });
    },
  );

  it('that is allowed without answers is an error that says so', async () => {
    const { test } = await prepared(answered());
    await test.run('s', ASK);
    expect(await toolResults(test, 's')).toMatchObject([
      { isError: true, text: expect.stringContaining('no answers') },
    ]);
  });

  it('that the model answers itself is refused', async () => {
    const { test } = await prepared(answered());
    const input = { questions: [question], answers: { 'Which one?': 'right' } };
    await test.run('s', toolCalls([['AskUserQuestion', input]]));
    expect(await toolResults(test, 's')).toMatchObject([
      { isError: true, text: expect.stringContaining('leave `answers` out') },
    ]);
  });
});
