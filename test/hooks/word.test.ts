/** What one hook says of its event: exit codes and answers, by the table of the contract. */
import { describe, expect, test } from 'vitest';
import { MAX_TEXT } from '../../src/hooks/answer.ts';
import { type Outcome, type Word, wordOf } from '../../src/hooks/word.ts';
import { HOOK_EVENTS, type HookEvent } from '../../src/session/ports/hooks.ts';

const exit = (code: number, stdout = '', stderr = ''): Outcome => ({
  ...{ kind: 'exited', code, stdout, stderr, isCut: false },
});
const said = (
  event: HookEvent,
  outcome: Outcome,
  onFailure: 'block' | 'continue' = 'block',
): Word => wordOf(event, outcome, onFailure);
const json = (answer: unknown, code = 0) => exit(code, JSON.stringify(answer));
const specific = (event: HookEvent, more: object) => ({
  hookSpecificOutput: { hookEventName: event, ...more },
});

const DENYING: readonly HookEvent[] = [
  ...(['PreToolUse', 'UserPromptSubmit', 'Stop', 'SubagentStop', 'PreCompact'] as const),
];
const AFTERWARDS: readonly HookEvent[] = ['PostToolUse', 'PostToolUseFailure'];
const IGNORING: readonly HookEvent[] = [
  ...(['PermissionRequest', 'SessionStart', 'SessionEnd', 'Notification'] as const),
];

describe('exit code 2', () => {
  test('means something or nothing to each event', () => {
    expect([...DENYING, ...AFTERWARDS, ...IGNORING].toSorted()).toEqual(
      [...HOOK_EVENTS].toSorted(),
    );
  });

  test.each(DENYING)('denies %s, with what is on stderr', (event) => {
    expect(said(event, exit(2, '', 'not so\n'))).toEqual({
      ...{ ended: 'blocked', decision: 'deny', reason: 'not so', said: 'not so', context: [] },
    });
  });

  test.each(AFTERWARDS)('tells the model what is on stderr, of %s', (event) => {
    const word = said(event, exit(2, '', 'mind this'));
    expect(word).toMatchObject({ ended: 'blocked', context: ['mind this'] });
    expect(word.decision).toBeUndefined();
  });

  test.each(IGNORING)('stops nothing of %s', (event) => {
    const word = said(event, exit(2, '', 'shown'));
    expect(word).toEqual({ ended: 'error', said: 'shown', context: [] });
  });

  test('holds whatever was printed', () => {
    const allow = JSON.stringify(specific('PreToolUse', { permissionDecision: 'allow' }));
    expect(said('PreToolUse', exit(2, allow, 'no'))).toMatchObject({ decision: 'deny' });
    expect(said('PreToolUse', exit(2, '{"broken', 'no'))).toMatchObject({ decision: 'deny' });
  });

  test('has a reason of ours where the hook gives none', () => {
    expect(said('PreToolUse', exit(2)).reason).toContain('gave no reason');
  });
});

describe('another exit code', () => {
  test.each([1, 3, 64, 125, 160, 255])('%i is an error that stops nothing', (code) => {
    for (const event of HOOK_EVENTS)
      expect(said(event, exit(code, 'text', 'broke'))).toEqual({
        ...{ ended: 'error', said: 'broke', context: [] },
      });
  });

  test('does not keep the answer from counting', () => {
    const answer = specific('PreToolUse', { permissionDecision: 'ask' });
    expect(said('PreToolUse', json(answer, 1))).toMatchObject({ ended: 'error', decision: 'ask' });
  });

  test.each([126, 127])('%i is a command that could not start', (code) => {
    const word = said('PreToolUse', exit(code, '', 'bash: nothing: command not found'));
    expect(word).toMatchObject({ ended: 'could_not_start', decision: 'deny' });
    expect(said('PreToolUse', exit(code), 'continue').decision).toBeUndefined();
  });

  test.each([129, 137, 143, 159])('%i is a program that a signal has ended', (code) => {
    expect(said('PreToolUse', exit(code))).toMatchObject({ ended: 'killed', decision: 'deny' });
  });
});

describe('a failure', () => {
  const outcome: Outcome = { kind: 'failed', ended: 'timeout', why: 'too long' };

  test('denies where it blocks, and is nothing where it does not', () => {
    expect(said('PreToolUse', outcome)).toMatchObject({
      ...{ ended: 'timeout', decision: 'deny', said: 'too long' },
    });
    expect(said('PreToolUse', outcome, 'continue')).toEqual({
      ...{ ended: 'timeout', said: 'too long', context: [] },
    });
  });

  test('of a hook for a permission request denies, other than exit code 2', () => {
    expect(said('PermissionRequest', outcome).decision).toBe('deny');
  });

  test.each([
    ['{"continue": fals', 'no JSON'],
    ['{} and more', 'more behind it'],
    ['{"continue":"no"}', 'another type'],
    ['{"decision":"deny"}', 'an unknown word'],
    ['{"hookSpecificOutput":[]}', 'a list'],
    ['{"hookSpecificOutput":{"permissionDecision":"yes"}}', 'an unknown decision'],
    ['{"hookSpecificOutput":{"updatedInput":"x"}}', 'a text for an input'],
    ['{"hookSpecificOutput":{"hookEventName":"Stop"}}', 'an answer for another event'],
  ])('is an answer that cannot be read: %s (%s)', (stdout) => {
    expect(said('PreToolUse', exit(0, stdout))).toMatchObject({
      ...{ ended: 'bad_output', decision: 'deny' },
    });
  });

  test('is an answer of which the end is not known', () => {
    const cut: Outcome = { kind: 'exited', code: 0, stdout: '{}', stderr: '', isCut: true };
    expect(said('PreToolUse', cut).ended).toBe('bad_output');
  });
});

describe('what is printed with exit code 0', () => {
  test('is context for a prompt and for the start of a session, and nothing elsewhere', () => {
    for (const event of HOOK_EVENTS) {
      const isContext = event === 'UserPromptSubmit' || event === 'SessionStart';
      expect(said(event, exit(0, 'see this\n'))).toEqual({
        ...{ ended: 'ok', said: 'see this', context: isContext ? ['see this'] : [] },
      });
    }
  });

  test('is cut to 10,000 characters, and to whole ones', () => {
    const [whole = ''] = said('UserPromptSubmit', exit(0, 'x'.repeat(MAX_TEXT))).context;
    expect(whole).toBe('x'.repeat(10_000));
    const [cut = ''] = said('UserPromptSubmit', exit(0, '😀'.repeat(MAX_TEXT))).context;
    expect(cut.length).toBeLessThanOrEqual(10_000);
    expect(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/.test(cut)).toBe(false);
    const added = specific('PreToolUse', { additionalContext: 'y'.repeat(20_000) });
    expect(said('PreToolUse', json(added)).context[0]?.length).toBe(10_000);
    expect(said('PreToolUse', exit(2, '', 'z'.repeat(20_000))).reason?.length).toBe(10_000);
  });

  test('may be nothing', () => {
    expect(said('PreToolUse', exit(0, ' \n'))).toEqual({ ended: 'ok', context: [] });
  });
});

describe('an answer', () => {
  test.each(['allow', 'deny', 'ask'] as const)('decides a call: %s', (permissionDecision) => {
    const more = { permissionDecision, permissionDecisionReason: 'so' };
    const word = said('PreToolUse', json(specific('PreToolUse', more)));
    expect(word).toMatchObject({ decision: permissionDecision, reason: 'so' });
    expect(word.ended).toBe(permissionDecision === 'deny' ? 'blocked' : 'ok');
  });

  test('puts a decision off by asking', () => {
    const word = said('PreToolUse', json(specific('PreToolUse', { permissionDecision: 'defer' })));
    expect(word.decision).toBe('ask');
  });

  test('changes the input of a call, decided or not', () => {
    const updatedInput = { command: 'ls' };
    const word = said('PreToolUse', json(specific('PreToolUse', { updatedInput })));
    expect(word).toMatchObject({ ended: 'ok', input: updatedInput });
    const allowed = specific('PreToolUse', { updatedInput, permissionDecision: 'allow' });
    expect(said('PreToolUse', json(allowed))).toMatchObject({
      decision: 'allow',
      input: updatedInput,
    });
  });

  test('decides a call in the older words', () => {
    expect(said('PreToolUse', json({ decision: 'approve', reason: 'fine' }))).toMatchObject({
      ...{ decision: 'allow', reason: 'fine' },
    });
    expect(said('PreToolUse', json({ decision: 'block', reason: 'bad' }))).toMatchObject({
      ...{ ended: 'blocked', decision: 'deny', reason: 'bad' },
    });
  });

  test.each(['UserPromptSubmit', 'Stop', 'SubagentStop', 'PreCompact'] as const)(
    'blocks %s',
    (event) => {
      expect(said(event, json({ decision: 'block', reason: 'no' }))).toMatchObject({
        ...{ ended: 'blocked', decision: 'deny', reason: 'no' },
      });
    },
  );

  test('to what a tool has done is a text for the model', () => {
    const word = said('PostToolUse', json({ decision: 'block', reason: 'wrong file' }));
    expect(word).toMatchObject({ ended: 'blocked', context: ['wrong file'] });
    expect(word.decision).toBeUndefined();
  });

  test('answers a permission request', () => {
    const allow = {
      behavior: 'allow',
      updatedInput: { a: 1 },
      updatedPermissions: [{ type: 'x' }],
    };
    expect(
      said('PermissionRequest', json(specific('PermissionRequest', { decision: allow }))),
    ).toEqual({
      ...{ ended: 'ok', decision: 'allow', context: [], input: { a: 1 } },
      permissionUpdates: [{ type: 'x' }],
    });
    const deny = { behavior: 'deny', message: 'never', interrupt: true };
    const word = said('PermissionRequest', json(specific('PermissionRequest', { decision: deny })));
    expect(word).toMatchObject({ decision: 'deny', reason: 'never', stop: 'never' });
  });

  test('ends the turn of any event', () => {
    for (const event of HOOK_EVENTS)
      expect(said(event, json({ continue: false, stopReason: 'enough' })).stop).toBe('enough');
    expect(said('Stop', json({ continue: false })).stop).toBe('A hook has stopped it.');
    expect(said('Stop', json({ continue: true })).stop).toBeUndefined();
  });

  test('adds context, replaces what a tool said, names the session, speaks first', () => {
    const used = specific('PostToolUse', { additionalContext: 'a', updatedToolOutput: 'b' });
    expect(said('PostToolUse', json(used))).toMatchObject({ context: ['a'], output: 'b' });
    const rich = specific('PostToolUse', { updatedToolOutput: { rows: 2 } });
    expect(said('PostToolUse', json(rich)).output).toBe('{"rows":2}');
    const begun = { sessionTitle: 'Work', initialUserMessage: 'Go on', additionalContext: 'c' };
    expect(said('SessionStart', json(specific('SessionStart', begun)))).toMatchObject({
      ...{ title: 'Work', firstMessage: 'Go on', context: ['c'] },
    });
  });

  test('may have nulls for what it leaves out, and what is not known here', () => {
    const answer = {
      decision: null,
      reason: null,
      terminalSequence: '\u0007',
      hookSpecificOutput: null,
    };
    expect(said('PreToolUse', json(answer))).toEqual({ ended: 'ok', context: [] });
  });

  test('of a function is its value, and nothing where it gives nothing', () => {
    const value = specific('PreToolUse', { permissionDecision: 'deny' });
    expect(said('PreToolUse', { kind: 'value', value }).decision).toBe('deny');
    expect(said('PreToolUse', { kind: 'value', value: undefined })).toEqual({
      ended: 'ok',
      context: [],
    });
    expect(said('PreToolUse', { kind: 'value', value: 'yes' }).ended).toBe('bad_output');
  });
});
