/** Hooks that are modules, on real threads. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { bash, folder, script, startHooks } from './hooking.ts';

const started = (text: string, more: object = {}) => {
  const dir = folder();
  script(dir, 'hook.mjs', text);
  const hook = { type: 'module', path: './hook.mjs', ...more };
  return startHooks({ dir, events: { PreToolUse: [{ hooks: [hook] }] } });
};

describe('a module', () => {
  test('is called as a function is, with what a command would read', async () => {
    const { hooks, call, dir } = await started(
      'export default (input, id, { signal }) => ({ decision: "block", reason: [input.tool_name, id, signal.aborted].join() });',
    );
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: 'deny', reason: 'Bash,toolu_1,false' });
    expect(verdict.runs[0]?.hook).toBe('hook.mjs');
    expect(dir).toBeTypeOf('string');
  });

  test('may export several, and is kept for the next call', async () => {
    const text = 'let n = 0; export const check = async () => ({ systemMessage: String(++n) });';
    const { hooks, call, status } = await started(text, { export: 'check' });
    const said = async () => (await hooks.run(call('PreToolUse', bash('ls')))).runs[0]?.said;
    expect([await said(), await said()]).toEqual(['1', '2']);
    expect((await status()).threads).toBe(1);
  });

  test('sees no keys of this process', async () => {
    process.env['GREENROOM_TEST_SECRET'] = 'x';
    const text = 'export default () => ({ systemMessage: Object.keys(process.env).join() });';
    const { hooks, call } = await started(text);
    const { runs } = await hooks.run(call('PreToolUse', bash('ls')));
    delete process.env['GREENROOM_TEST_SECRET'];
    expect(runs[0]?.said).toContain('PATH');
    expect(runs[0]?.said).not.toContain('GREENROOM');
  });

  test.each([
    ['export const other = 1;', 'could_not_start'],
    ['export default 7;', 'could_not_start'],
    ['this is no module', 'could_not_start'],
    ['export default () => { throw new Error("no"); };', 'error'],
    ['export default () => process.exit(0);', 'killed'],
    [
      'export default () => { setImmediate(() => { throw new Error("late"); }); return new Promise(() => {}); };',
      'killed',
    ],
    ['export default () => "yes";', 'bad_output'],
    ['export default () => ({ decision: 1n });', 'error'],
  ])('that fails closes the gate: %s', async (text, ended) => {
    const { hooks, call } = await started(text);
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({ decision: 'deny', runs: [{ ended, goesOn: false }] });
  });

  test('that is not there closes the gate', async () => {
    const { hooks, call, dir } = await started('', { path: './nothing.mjs' });
    const { reason } = await hooks.run(call('PreToolUse', bash('ls')));
    expect(reason).toContain(join(dir, 'nothing.mjs'));
  });

  test('that does not come back ends with its thread, and the next call has another', async () => {
    const text =
      'export default ({ tool_input }) => { if (tool_input.command === "loop") for (;;); };';
    const { hooks, call, status } = await started(text, { timeout: 2 });
    expect((await hooks.run(call('PreToolUse', bash('ls')))).runs).toMatchObject([{ ended: 'ok' }]);
    const { runs } = await hooks.run(call('PreToolUse', bash('loop')));
    expect(runs).toMatchObject([{ ended: 'timeout', goesOn: false }]);
    await until(async () => (await status()).threads === 0);
    expect((await hooks.run(call('PreToolUse', bash('ls')))).runs).toMatchObject([{ ended: 'ok' }]);
  });
});
