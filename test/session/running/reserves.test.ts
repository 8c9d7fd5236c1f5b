/** What a run asks a budget for, where the API is asked first how long its prompt is: also when that takes its time. */
import { expect, test } from 'vitest';
import { executorName } from '../../../src/session/ports/executor.ts';
import { askCount } from '../../../src/session/prepare/count-tokens.ts';
import { Reserves } from '../../../src/session/running/reserves.ts';

const ledger = () => {
  const asked: string[] = [];
  return {
    asked,
    hasLeft: (_: unknown, nanoUsd: number) => nanoUsd < 20,
    reserve: async ({ grant }: { readonly grant: string }) => {
      asked.push(grant);
      return {};
    },
  };
};
const order = (grant: string) => ({ payer: {}, grant, nanoUsd: 10 });
const counting = () => {
  let told = (_: number): void => undefined;
  const counted = new Promise<number>((resolve) => {
    told = resolve;
  });
  return { tokens: () => counted, priceOf: (tokens: number) => tokens, told };
};
const reserve = (reserves: Reserves, run: string, at: object, count: object) =>
  reserves.reserve(run as never, at as never, order(run) as never, count as never);

test('a run that is cancelled while it is counted asks for nothing, also when the next one is counted', async () => {
  const [reserves, at] = [new Reserves(), ledger()];
  const [first, second] = [counting(), counting()];
  const old = reserve(reserves, 'first', at, first);
  reserves.cancel('first' as never);
  const next = reserve(reserves, 'second', at, second);
  first.told(1);
  await expect(old).rejects.toMatchObject({ code: 'unavailable' });
  second.told(1);
  await next;
  expect(at.asked).toEqual(['second']);
});

test('of a session that has ended nothing is asked for', async () => {
  const [reserves, at, count] = [new Reserves(), ledger(), counting()];
  const reserved = reserve(reserves, 'first', at, count);
  reserves.stop();
  count.told(1);
  await expect(reserved).rejects.toMatchObject({ code: 'unavailable' });
  expect(at.asked).toEqual([]);
});

test.each([-5, 0, Number.NaN, Infinity, 1.5, '12', null, undefined])(
  'an answer of %s tokens is no count',
  async (tokens) => {
    const start = (_: unknown, { outcome }: { readonly outcome: (ended: unknown) => void }) => {
      queueMicrotask(() => outcome({ type: 'counted', tokens }));
      return { cancel: () => undefined };
    };
    const system = {
      find: (name: unknown) => (name === executorName ? { start } : undefined),
      clock: { setTimeout: () => ({ cancel: () => undefined }) },
    };
    const counted = await askCount(system as never, {} as never, 1_000);
    expect(counted).toEqual({ why: expect.any(String) });
  },
);
