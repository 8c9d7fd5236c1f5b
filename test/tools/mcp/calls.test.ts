/** Calls of a server's tools: what comes back, what ends them, what a bad server cannot do to us. */
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { skippingClock } from '../../support/skipping-clock.ts';
import { until } from '../../support/until.ts';
import { folder, Program, type Running, start, stateOf, tool } from './servers.ts';

const NAMES = ['say', 'environment', 'hang', 'nudge', 'crash', 'big', 'noise', 'relist'];

const running = async (more: object = {}): Promise<{ program: Program; running: Running }> => {
  const dir = folder();
  const program = new Program(
    dir,
    NAMES.map((name) => tool(name)),
  );
  const started = await start({ test: { ...program.settings, ...more } }, { dir });
  await until(() => stateOf(started) === 'connected');
  return { program, running: started };
};

test('a server sees what is set for it and what programs need, and no key of ours', async () => {
  vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-not-for-servers');
  vi.stubEnv('TOKEN', 'the token');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { running: one } = await running({ env: { API: `\${TOKEN}`, OTHER: `\${NOTHING:-else}` } });
  const { content } = await one.call('mcp__test__environment');
  const env = JSON.parse(String(content)) as Record<string, string>;
  expect(env).toMatchObject({ API: 'the token', OTHER: 'else', PATH: process.env['PATH'] });
  expect(env['ANTHROPIC_API_KEY']).toBeUndefined();
  expect(env['TOKEN']).toBeUndefined();
});

describe('one server', () => {
  test('a reply of more than 10 MB fails alone, and so does what is no message', async () => {
    const { running: one } = await running();
    const [big, noise, fitting] = await Promise.all([
      one.call('mcp__test__big', { length: 11 * 1024 * 1024 }),
      one.call('mcp__test__noise'),
      one.call('mcp__test__big', { length: 3 }),
    ]);
    expect(big).toMatchObject({ isError: true, content: expect.stringContaining('10 MiB') });
    expect(noise).toMatchObject({ isError: false, content: 'after the noise' });
    expect(fitting).toMatchObject({ content: 'xxx' });
    expect(stateOf(one)).toBe('connected');
  });

  test('a result of more than 100,000 characters is cut, and all of it is in a file', async () => {
    const { running: one } = await running();
    const whole = 'x'.repeat(100_000);
    expect((await one.call('mcp__test__say', { text: whole })).content).toBe(whole);
    const text = String((await one.call('mcp__test__say', { text: `a${whole}z` })).content);
    expect(text.length).toBeLessThan(11_000);
    const [, path = ''] = /all of it is in (\S+)\]/.exec(text) ?? [];
    expect(readFileSync(path, 'utf8')).toBe(`a${whole}z`);
    expect(path).toContain('/tool-output/t/s/');
  });

  test('a call that is cancelled has that outcome, and the server is told', async () => {
    const { program, running: one } = await running();
    const asked = one.ask('mcp__test__hang');
    await until(() => program.ledger.some((line) => line.startsWith('hangs')));
    asked.handle.cancel();
    expect(await asked.outcome).toEqual({ type: 'cancelled' });
    const [, id] = /hangs (\d+)/.exec(program.ledger.join('\n')) ?? [];
    await until(() => program.ledger.includes(`notifications/cancelled ${id}`));
  });

  test('an error of the server is the result of the call', async () => {
    const { program, running: one } = await running();
    program.has([tool('missing')]);
    await one.call('mcp__test__relist');
    await until(() => one.tools.tools.some(({ name }) => name === 'mcp__test__missing'));
    expect(await one.call('mcp__test__missing')).toMatchObject({
      ...{ isError: true, content: expect.stringContaining('no tool missing') },
    });
  });

  test('one that dies in a call fails this call, keeps its tools listed and is started again', async () => {
    const { program, running: one } = await running();
    const { tools } = one.tools;
    const crashed = await one.call('mcp__test__crash');
    expect(crashed).toMatchObject({ isError: true });
    expect(one.tools.tools).toBe(tools);
    const answers = [await one.call('mcp__test__say', { text: 'back' })];
    await until(async () => {
      answers.push(await one.call('mcp__test__say', { text: 'back' }));
      return answers.at(-1)?.content === 'back';
    });
    for (const { content } of answers.slice(0, -1))
      expect(content).toContain('The server test is down: it has ended');
    expect(program.ledger.filter((line) => line.startsWith('started'))).toHaveLength(2);
    expect(one.tools.tools).toBe(tools);
  });
});

describe('the clocks', () => {
  /** A call that hangs, and what moves time and has the server tell of progress. */
  const hanging = async (more: object) => {
    const dir = folder();
    const clock = skippingClock();
    const program = new Program(
      dir,
      NAMES.map((name) => tool(name)),
    );
    const one = await start({ test: { ...program.settings, ...more } }, { dir, clock });
    await until(() => stateOf(one) === 'connected');
    const { outcome } = one.ask('mcp__test__hang');
    await until(() => program.ledger.some((line) => line.startsWith('hangs')));
    let isOver = false;
    void outcome.then(() => {
      isOver = true;
    });
    const nudge = () => one.call('mcp__test__nudge');
    return { clock, program, outcome, nudge, isOver: () => isOver };
  };

  test('a call without progress ends after its idle time, and the server is told', async () => {
    const { clock, program, outcome } = await hanging({ idleTimeout: 60_000 });
    clock.skip(60_000);
    expect((await outcome).content).toContain('has not said anything for 60 s');
    await until(() => program.ledger.some((line) => line.startsWith('notifications/cancelled')));
  });

  test('progress begins the idle time anew', async () => {
    const { clock, outcome, nudge, isOver } = await hanging({});
    clock.skip(50_000);
    await nudge();
    clock.skip(50_000);
    await nudge();
    expect(isOver()).toBe(false);
    clock.skip(60_000);
    expect((await outcome).content).toContain('has not said anything for 60 s');
  });

  test('a call ends after its whole time, whatever progress it makes', async () => {
    const { clock, outcome, nudge } = await hanging({ timeout: 70_000 });
    clock.skip(50_000);
    await nudge();
    clock.skip(20_000);
    expect((await outcome).content).toContain('has not answered for 70 s');
  });
});
