/** Answers that are kept for keys: which are there, which went, and whose. */
import { describe, expect, it } from 'vitest';
import { KeyedAnswers, MAX_ANSWER, MAX_KEPT, MAX_KEYS } from '../../src/http/rest/keyed-answers.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

const DAY_MS = 86_400_000;

const kept = (size = 1) => {
  const clock = virtualClock(0);
  const answers = new KeyedAnswers<string>(clock, () => size);
  let made = 0;
  const ask = (tenant: string, key: string, request = 'r') =>
    answers.once(tenant, key, request, async () => {
      made += 1;
      return `answer ${made}`;
    });
  return { ask, clock, made: () => made };
};

describe('the answers to keys', () => {
  it('are given again to the same request of the same tenant, for a day', async () => {
    const { ask, clock } = kept();
    expect(await ask('a', 'k')).toBe('answer 1');
    expect(await ask('a', 'k')).toBe('answer 1');
    expect(await ask('b', 'k')).toBe('answer 2');
    await expect(ask('a', 'k', 'another')).rejects.toMatchObject({
      httpCode: 'idempotency_key_reused',
    });
    await clock.advance(DAY_MS);
    expect(await ask('a', 'k')).toBe('answer 3');
  });

  it('of one tenant go for those of the tenant that has most, the oldest first', async () => {
    const { ask, made } = kept();
    await ask('small', 'k');
    for (let n = 0; n < MAX_KEYS + 5; n += 1) await ask('large', `k${n}`);
    const before = made();
    await ask('small', 'k');
    await ask('large', `k${MAX_KEYS + 4}`);
    expect(made()).toBe(before);
    await ask('large', 'k0');
    expect(made()).toBe(before + 1);
  });

  it('go by their size too, and one that is too large is not kept', async () => {
    const { ask, made } = kept(MAX_ANSWER);
    await ask('small', 'k');
    const count = MAX_KEPT / MAX_ANSWER;
    for (let n = 0; n < count + 1; n += 1) await ask('large', `k${n}`);
    const before = made();
    await ask('small', 'k');
    expect(made()).toBe(before);
    await ask('large', 'k0');
    expect(made()).toBe(before + 1);
    const huge = kept(MAX_ANSWER + 1);
    await huge.ask('a', 'k');
    await huge.ask('a', 'k');
    expect(huge.made()).toBe(2);
  });
});
