/** The Agent SDK calls again what failed: what that makes of its entries, and of those behind them. */
import { describe, expect, test } from 'vitest';
import { agentSdkSessionStore, type MirrorApi } from '../../src/agent-sdk/index.ts';
import { requestsOf } from '../../src/agent-sdk/packing.ts';
import { GreenroomError } from '../../src/index.ts';
import { entry, KEY } from './contract.ts';
import { inMemory } from './hosts.ts';

const unavailable = () => new GreenroomError('unavailable', 'a part is restarting');

/** Passes calls on until one of these numbers, from 1; that one fails, before it was done or after. */
const failing = (api: MirrorApi, when: 'before' | 'after', ...numbers: number[]): MirrorApi => {
  let calls = 0;
  return {
    sessions: async (verb, request) => {
      calls += 1;
      const fails = numbers.includes(calls);
      if (fails && when === 'before') throw unavailable();
      const reply = await api.sessions(verb, request);
      if (fails) throw unavailable();
      return reply;
    },
  };
};

describe('an append that failed', () => {
  test.each(['before', 'after'] as const)(
    '%s it was stored is stored once by the next',
    async (when) => {
      const { api } = await inMemory();
      const store = agentSdkSessionStore(failing(api, when, 1));
      const entries = [entry('1'), entry('2')];
      await expect(store.append(KEY, entries)).rejects.toMatchObject({ code: 'unavailable' });
      await store.append(KEY, entries);
      expect(await store.load(KEY)).toEqual(entries);
    },
  );

  test('does not stop those behind it', async () => {
    const { api } = await inMemory();
    const store = agentSdkSessionStore(failing(api, 'before', 2));
    const [first, second, third] = ['1', '2', '3'].map((id) => store.append(KEY, [entry(id)]));
    await first;
    await expect(second).rejects.toMatchObject({ code: 'unavailable' });
    await third;
    expect(await store.load(KEY)).toEqual([entry('1'), entry('3')]);
  });

  test('in its second part is completed by the next', async () => {
    const { api } = await inMemory();
    const store = agentSdkSessionStore(failing(api, 'before', 2));
    const entries = Array.from({ length: 5_001 }, (_, n) => entry(`${n}`));
    await expect(store.append(KEY, entries)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.load(KEY)).toEqual(entries.slice(0, 5_000));
    await store.append(KEY, entries);
    expect(await store.load(KEY)).toEqual(entries);
  });
});

test('too many appends that wait for one transcript are refused, others are not', async () => {
  const never = agentSdkSessionStore({ sessions: () => new Promise(() => undefined) });
  for (let n = 0; n < 1_000; n += 1) void never.append(KEY, [entry(`${n}`)]);
  await expect(never.append(KEY, [entry('more')])).rejects.toMatchObject({ code: 'mailbox_full' });
  const other = never.append({ ...KEY, sessionId: 'other' }, [entry('1')]);
  expect(await Promise.race([other, Promise.resolve('waits')])).toBe('waits');
});

test('lines are packed in their order, none larger than allowed but a single one', () => {
  const lines = ['a'.repeat(10), 'b', 'c'.repeat(50), 'd', 'e', 'f'];
  expect(requestsOf(lines, 20, 2)).toEqual([
    ['a'.repeat(10), 'b'],
    ['c'.repeat(50)],
    ['d', 'e'],
    ['f'],
  ]);
  expect(requestsOf([], 20, 2)).toEqual([]);
});
