/** What hooks make of a tool call: before it runs, instead of a person, and once it has its result. */
import { describe, expect, it } from 'vitest';
import { newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import type { HookCall, HookEvent, HookVerdict } from '../../../src/session/ports/hooks.ts';
import {
  askAfter,
  askBefore,
  wantsHooks,
  wantsResults,
} from '../../../src/session/tools/ask-hooks.ts';
import type { Judged } from '../../../src/session/tools/judge.ts';

const USE = { id: 'tu', name: 'Bash', input: { command: 'ls' } };
const START: Judged = {
  ...{ toolUseId: 'tu', input: USE.input, reason: 'the mode', kind: 'start' },
  ...{ effect: 'at_most_once', isAlone: false },
};
const ASK: Judged = {
  ...{ toolUseId: 'tu', input: USE.input, reason: 'the mode', kind: 'ask', isOfMode: true },
  ...{ effect: 'at_most_once', isAlone: false },
  asked: { reason: 'no rule allows it', commands: ['ls'], files: [], suggestions: ['Bash(ls)'] },
};
const DENY: Judged = {
  ...{ toolUseId: 'tu', input: USE.input, reason: 'a rule', kind: 'refuse', message: 'no' },
};

const RUN = { hook: './check', ended: 'ok', durationMs: 1, goesOn: true } as const;
const said = (verdict: Partial<HookVerdict>): HookVerdict => ({
  ...{ context: [], runs: [RUN] },
  ...verdict,
});

/** Hooks that say this at these events. */
const ground = (verdicts: Partial<Record<HookEvent, HookVerdict>>, wanted?: readonly string[]) => {
  const calls: HookCall[] = [];
  const head = { ...newHead(sessionKey('default', 's'), 0), hooks: wanted as string[] | undefined };
  const hooks = {
    keepsBodies: true,
    isOff: undefined,
    has: (event: HookEvent, _?: string, only: readonly string[] = []) =>
      verdicts[event] !== undefined && (only.length === 0 || only.includes(event)),
    run: (call: HookCall) => {
      calls.push(call);
      return Promise.resolve(verdicts[call.event] ?? said({}));
    },
  };
  const place = { cwd: '/srv/app', permissionMode: 'default' };
  return { calls, on: { hooks, head, turnId: 't' as TurnId, ...place } };
};

const askedBefore = async (judged: Judged, verdicts: Partial<Record<HookEvent, HookVerdict>>) => {
  const { on, calls } = ground(verdicts);
  const { verdict, context } = await askBefore(USE, () => judged, on);
  return { verdict, context, calls };
};

describe('a hook before a call', () => {
  it('is given the call as scripts read it', async () => {
    const { calls } = await askedBefore(START, { PreToolUse: said({}) });
    expect(calls).toMatchObject([
      {
        ...{ event: 'PreToolUse', subject: 'Bash', cwd: '/srv/app', turnId: 't' },
        fields: { tool_name: 'Bash', tool_input: USE.input, tool_use_id: 'tu' },
      },
    ]);
  });

  it('is not asked about what a rule denies', async () => {
    const { verdict, calls } = await askedBefore(DENY, { PreToolUse: said({ decision: 'allow' }) });
    expect([verdict.kind, calls]).toEqual(['refuse', []]);
  });

  it('may deny, and the model hears why', async () => {
    const { verdict } = await askedBefore(START, {
      PreToolUse: said({ decision: 'deny', reason: 'no' }),
    });
    expect(verdict).toMatchObject({
      kind: 'refuse',
      message: 'no',
      hooks: [{ event: 'PreToolUse' }],
    });
  });

  it('may have a person asked', async () => {
    const { verdict } = await askedBefore(START, {
      PreToolUse: said({ decision: 'ask', reason: 'odd' }),
    });
    expect(verdict).toMatchObject({ kind: 'ask', asked: { reason: 'odd' } });
  });

  it('may allow what only the mode asks about, and not what a rule asks about', async () => {
    const allow = { PreToolUse: said({ decision: 'allow' }) };
    expect((await askedBefore(ASK, allow)).verdict.kind).toBe('start');
    expect((await askedBefore({ ...ASK, isOfMode: false } as Judged, allow)).verdict.kind).toBe(
      'ask',
    );
  });

  it('may change the input, which is judged again', async () => {
    const { on } = ground({ PreToolUse: said({ input: { command: 'rm x' } }) });
    const judge = ({ input }: { input: unknown }): Judged =>
      (input as { command: string }).command === 'ls' ? START : DENY;
    expect((await askBefore(USE, judge, on)).verdict.kind).toBe('refuse');
    const kept = await askBefore(
      USE,
      ({ input }) => ({ ...START, input: input as object }) as Judged,
      on,
    );
    expect(kept.verdict).toMatchObject({
      kind: 'start',
      isChanged: true,
      input: { command: 'rm x' },
    });
  });

  it('may end the turn', async () => {
    const { verdict } = await askedBefore(START, { PreToolUse: said({ stop: 'enough' }) });
    expect(verdict).toMatchObject({ kind: 'refuse', stop: 'enough' });
  });

  it('may add what the model is to see', async () => {
    const { context } = await askedBefore(START, {
      PreToolUse: said({ context: ['mind the gap'] }),
    });
    expect(context).toEqual(['mind the gap']);
  });
});

describe('a hook in place of a person', () => {
  it('is asked only where a person would be', async () => {
    const { calls } = await askedBefore(START, { PermissionRequest: said({}) });
    expect(calls).toEqual([]);
  });

  it('may allow, also what a rule asks about, with another input', async () => {
    const verdicts = { PermissionRequest: said({ decision: 'allow', input: { command: 'pwd' } }) };
    const { verdict, calls } = await askedBefore({ ...ASK, isOfMode: false } as Judged, verdicts);
    expect(verdict).toMatchObject({ kind: 'start', isChanged: true, input: { command: 'pwd' } });
    expect(verdict).not.toHaveProperty('asked');
    expect(calls[0]?.fields).toEqual({
      ...{ tool_name: 'Bash', tool_input: USE.input, permission_suggestions: ['Bash(ls)'] },
    });
  });

  it('lifts no deny by another input', async () => {
    const input = { command: 'rm x' };
    const { on } = ground({ PermissionRequest: said({ decision: 'allow', input }) });
    const judge = (use: { input: unknown }) => (use.input === input ? DENY : ASK);
    expect((await askBefore(USE, judge, on)).verdict.kind).toBe('refuse');
  });

  it('may deny', async () => {
    const verdicts = { PermissionRequest: said({ decision: 'deny', reason: 'not now' }) };
    expect((await askedBefore(ASK, verdicts)).verdict).toMatchObject({
      kind: 'refuse',
      message: 'not now',
    });
  });

  it('leaves it to the person', async () => {
    const { verdict } = await askedBefore(ASK, { PermissionRequest: said({}) });
    expect(verdict).toMatchObject({ kind: 'ask', hooks: [{ event: 'PermissionRequest' }] });
  });
});

describe('a hook behind a call', () => {
  const result = { use: USE, text: 'a.txt', isError: false, durationMs: 7 };

  it('is given the result, or the error, by the names that scripts read', async () => {
    const { on, calls } = ground({ PostToolUse: said({}), PostToolUseFailure: said({}) });
    await askAfter(result, on);
    await askAfter({ ...result, isError: true }, on);
    expect(calls.map(({ event, fields }) => [event, fields])).toMatchObject([
      ['PostToolUse', { tool_response: 'a.txt', duration_ms: 7, tool_use_id: 'tu' }],
      ['PostToolUseFailure', { error: 'a.txt', is_interrupt: false, duration_ms: 7 }],
    ]);
  });
});

it('a session that names its events is asked about those alone', () => {
  const { on } = ground({ PreToolUse: said({}), PostToolUse: said({}) }, ['PostToolUse']);
  expect(wantsHooks(on.hooks, on.head, 'Bash')).toBe(false);
  expect(wantsResults(on.hooks, on.head, 'Bash')).toBe(true);
});
