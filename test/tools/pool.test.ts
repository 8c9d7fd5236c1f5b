/** Tool calls on real threads: each ends in one outcome, whatever the tool does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { INTERRUPTED } from '../../src/tools/tools-program.ts';
import { until } from '../support/until.ts';
import { type Boxing, boxing, MISBEHAVING, misbehaving } from './boxing.ts';
import { jobIn, resultOf, temporaryFolder } from './calling.ts';

const withLedger = async (options: Boxing = {}) => {
  const folder = temporaryFolder();
  const ledger = join(folder, 'ledger');
  writeFileSync(ledger, '');
  const box = await boxing({
    ...{ workerFile: misbehaving, tools: MISBEHAVING, ...options },
  });
  /** As the pool does it itself with a thread that does not answer. */
  const killThread = async () => {
    const { threads } = await box.pool.call('status');
    for (const { id, jobs } of threads) if (jobs > 0) await box.pool.call('killThread', id);
  };
  return {
    ...box,
    killThread,
    call: (name: string, more: object = {}) => box.start(jobIn(folder, name, { ledger, ...more })),
    runs: () => readFileSync(ledger, 'utf8').split('\n').length - 1,
  };
};

describe('a real call', () => {
  it('runs on a thread and gives what the session is to remember', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a'), 'one');
    const { start } = await boxing();
    const read = resultOf(await start(jobIn(folder, 'Read', { file_path: 'a' })).outcome);
    expect(read.text).toBe('     1\tone');
    const memory = read.memory ?? {};
    const edit = { file_path: 'a', old_string: 'one', new_string: 'two' };
    expect((await start(jobIn(folder, 'Edit', edit, { memory })).outcome).type).toBe('result');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('two');
  });

  it('with a pattern that tries too many ways ends with an error, and others go on meanwhile', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a'), `${'a'.repeat(60)}!\n`);
    const { start } = await boxing({ hangMs: 100 });
    const hanging = start(jobIn(folder, 'Grep', { pattern: '(a+)+$' }));
    const other = await start(jobIn(folder, 'Glob', { pattern: '*' })).outcome;
    expect(resultOf(other).text).toBe('a');
    const { isError, text } = resultOf(await hanging.outcome);
    expect(isError).toBe(true);
    expect(text).toContain('kept its thread busy for too long');
  });
});

describe('a tool that misbehaves', () => {
  it('is tried once more when its thread was killed, and not again', async () => {
    const { call, runs, killThread } = await withLedger();
    const spinning = call('Spins');
    for (const tries of [1, 2]) {
      await until(() => runs() === tries);
      await killThread();
    }
    const { isError, text } = resultOf(await spinning.outcome);
    expect({ isError, runs: runs() }).toEqual({ isError: true, runs: 2 });
    expect(text).toContain('Spins was ended, also when it was tried again');
  });

  it('is not run twice if it may run at most once: its outcome says that nobody knows', async () => {
    const { call, runs, killThread } = await withLedger();
    const spinning = call('SpinsOnce');
    await until(() => runs() === 1);
    await killThread();
    expect(await spinning.outcome).toEqual({
      type: 'result',
      content: INTERRUPTED,
      isError: true,
    });
    expect(runs()).toBe(1);
  });

  it('cannot keep others from running by ending its thread', async () => {
    const { call, runs } = await withLedger({ workers: 1 });
    const killing = call('Kills');
    const echo = call('Echo', { text: 'here' });
    expect(resultOf(await killing.outcome).isError).toBe(true);
    expect(resultOf(await echo.outcome).text).toBe('here');
    expect(runs()).toBe(2);
  });

  it('by a bug of its own ends with an error that says so', async () => {
    const { call } = await withLedger();
    const { isError, text } = resultOf(await call('Buggy').outcome);
    expect({ isError, text }).toEqual({
      isError: true,
      text: 'Buggy failed, by a mistake of its own: TypeError: no such thing',
    });
  });

  it('that takes longer than a call may is ended, whether it listens or not', async () => {
    const { call } = await withLedger({ timeoutMs: 50 });
    for (const name of ['Polite', 'Deaf']) {
      const { isError, text } = resultOf(await call(name).outcome);
      expect(isError).toBe(true);
      expect(text).toContain(`${name} took longer than 50 ms`);
    }
  });
});

describe('a call that is cancelled', () => {
  it.each(['Polite', 'Deaf'])('while it runs ends so: %s', async (name) => {
    const { call, runs } = await withLedger();
    const running = call(name);
    await until(() => runs() === 1);
    running.cancel();
    expect((await running.outcome).type).toBe('cancelled');
  });

  it('while it keeps its thread from answering ends so with its thread, and is not run again', async () => {
    const { call, runs } = await withLedger({ hangMs: 100 });
    const running = call('Spins');
    await until(() => runs() === 1);
    running.cancel();
    expect((await running.outcome).type).toBe('cancelled');
    expect(runs()).toBe(1);
  });

  it('while it waits for a thread never runs', async () => {
    const { call, runs } = await withLedger({ workers: 1 });
    const first = call('Polite');
    await until(() => runs() === 1);
    const second = call('Polite');
    second.cancel();
    expect(await second.outcome).toEqual({ type: 'cancelled' });
    first.cancel();
    await first.outcome;
    expect(runs()).toBe(1);
  });
});

it('a call that finds too many waiting is refused in words, and no other one', async () => {
  const { call, runs } = await withLedger({ workers: 1, maxWaiting: 1 });
  const first = call('Polite');
  await until(() => runs() === 1);
  const second = call('Echo', { text: 'second' });
  const third = resultOf(await call('Echo', { text: 'third' }).outcome);
  expect(third.text).toContain('too many calls wait');
  first.cancel();
  expect(resultOf(await second.outcome).text).toBe('second');
});
