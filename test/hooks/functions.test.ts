/** Hooks that are functions of the program around us, what is built in, and what is told of all hooks. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { onTelemetry, type TelemetryFields } from '../../src/model/telemetry.ts';
import type { HookFunction } from '../../src/session/ports/hooks.ts';
import { ALL_ON, bash, command, startHooks } from './hooking.ts';

const withFunction = (hook: HookFunction, more: object = {}) =>
  startHooks({ functions: { PreToolUse: [{ hooks: [hook], ...more }] } });

describe('a function', () => {
  test('is called as the Agent SDK calls its callbacks', async () => {
    const seen: unknown[] = [];
    const { hooks, call } = await withFunction((input, toolUseID, { signal }) => {
      seen.push(input.hook_event_name, input['tool_input'], toolUseID, signal.aborted);
      return { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'ask' } };
    });
    expect((await hooks.run(call('PreToolUse', bash('ls')))).decision).toBe('ask');
    expect(seen).toEqual(['PreToolUse', { command: 'ls' }, 'toolu_1', false]);
  });

  test('is for the calls of its matcher', async () => {
    const { hooks, call } = await withFunction(() => ({ decision: 'block' }), { matcher: 'Edit' });
    expect(hooks.has('PreToolUse', 'Bash')).toBe(false);
    expect(hooks.has('PreToolUse', 'Edit')).toBe(true);
    expect((await hooks.run(call('PreToolUse', bash('ls')))).runs).toEqual([]);
  });

  test('that gives nothing decides nothing', async () => {
    const { hooks, call } = await withFunction(async () => undefined);
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: undefined, runs: [{ ended: 'ok', goesOn: true }] });
  });

  test.each<[string, HookFunction]>([
    [
      'error',
      () => {
        throw new Error('no');
      },
    ],
    ['error', () => Promise.reject(new Error('no'))],
    ['bad_output', () => ({ continue: 'no' })],
  ])('that fails closes the gate: %s', async (ended, hook) => {
    const { hooks, call } = await withFunction(hook);
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: 'deny', runs: [{ ended, goesOn: false }] });
  });

  test('that does not come back is told, and closes the gate', async () => {
    let isTold = false;
    const wait: HookFunction = (_, __, { signal }) => {
      signal.addEventListener('abort', () => {
        isTold = true;
      });
      return new Promise(() => undefined);
    };
    const { hooks, call } = await withFunction(wait, { timeout: 0.05 });
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: 'deny', runs: [{ ended: 'timeout' }] });
    expect(isTold).toBe(true);
  });

  test('cannot change the call through its input', async () => {
    const { hooks, call } = await withFunction((input) => {
      (input['tool_input'] as { command: string }).command = 'rm -rf /';
    });
    const fields = bash('ls');
    await hooks.run(call('PreToolUse', fields));
    expect(fields.tool_input.command).toBe('ls');
  });
});

describe('whether some hook would run', () => {
  test('is asked by event, by subject and by the list of a session', async () => {
    const { hooks } = await startHooks({ events: { Stop: command('true') } });
    expect(hooks.has('Stop')).toBe(true);
    expect(hooks.has('Stop', undefined, [])).toBe(true);
    expect(hooks.has('Stop', undefined, ['Stop', 'PreToolUse'])).toBe(true);
    expect(hooks.has('Stop', undefined, ['PreToolUse'])).toBe(false);
    expect(hooks.has('PreToolUse', 'Bash')).toBe(false);
  });
});

describe('what is built in', () => {
  const hook = () => ({ continue: false });
  const functions = { Stop: [{ hooks: [hook] }], Notification: [{ hooks: [hook] }] };
  const off = (name: keyof typeof ALL_ON) =>
    startHooks({ functions, switches: { ...ALL_ON, [name]: false } });

  test('is on, and nothing is said of it', async () => {
    const { hooks, warnings } = await startHooks({ functions });
    expect([hooks.keepsBodies, hooks.isOff, hooks.has('Notification'), warnings]).toEqual([
      ...[true, undefined, true, []],
    ]);
  });

  test('custom: off, no hook runs, and why is told', async () => {
    const { hooks, call } = await off('custom');
    expect(hooks.has('Stop')).toBe(false);
    expect((await hooks.run(call('Stop'))).stop).toBeUndefined();
    expect(hooks.isOff).toBe(
      'ENABLE_CUSTOM_HOOKS is off: hooks that are configured (2) do not run',
    );
  });

  test('notification: off, none is sent', async () => {
    const { hooks } = await off('notification');
    expect([hooks.has('Notification'), hooks.has('Stop')]).toEqual([false, true]);
  });

  test('audit: off, records have no bodies', async () => {
    expect((await off('audit')).hooks.keepsBodies).toBe(false);
  });

  test('persistence: off is a warning, and no more', async () => {
    const { hooks, warnings } = await off('persistence');
    expect(hooks.has('Stop')).toBe(true);
    expect(warnings).toEqual([[{}, expect.stringContaining('ENABLE_PERSISTENCE_HOOK is off')]]);
  });

  test('metrics: each run is told as telemetry, and none when it is off', async () => {
    const heard: TelemetryFields<'greenroom.hook'>[] = [];
    onTestFinished(onTelemetry('greenroom.hook', (fields) => void heard.push(fields)));
    const on = await startHooks({ functions });
    await on.hooks.run(on.call('Stop'));
    expect(heard).toEqual([
      {
        ...{ tenant: 't', sessionId: 's1', turnId: 'turn-1', event: 'Stop', kind: 'function' },
        ...{ hook: 'function hook', ended: 'ok', goesOn: false, durationMs: expect.any(Number) },
      },
    ]);
    const { hooks, call } = await off('metrics');
    await hooks.run(call('Stop'));
    expect(heard).toHaveLength(1);
  });
});
