/** A request that says nothing is looked at once for each schema, and never taken for one that says something. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { RequestChecks } from '../../src/gateway/body.ts';

const refusal = 'invalid_request';

const counted = (shape: z.ZodRawShape) => {
  let looks = 0;
  const request = z.strictObject(shape).refine(() => {
    looks += 1;
    return true;
  });
  return { verb: { request, refusal } as const, looks: () => looks };
};

it('a schema that takes nothing as nothing is asked once, and each request is an object of its own', () => {
  const checks = new RequestChecks();
  const { verb, looks } = counted({ limit: z.int().optional() });
  const [first, second] = [checks.check(verb, {}), checks.check(verb, {})];
  expect([first, second]).toEqual([{}, {}]);
  expect(first).not.toBe(second);
  expect(looks()).toBe(1);
});

it('what has defaults gets them each time, and what says something is looked at each time', () => {
  const checks = new RequestChecks();
  const { verb, looks } = counted({ limit: z.int().default(20) });
  expect([checks.check(verb, {}), checks.check(verb, {})]).toEqual([{ limit: 20 }, { limit: 20 }]);
  expect(checks.check(verb, { limit: 3 })).toEqual({ limit: 3 });
  expect(looks()).toBe(3);
});

it.each([
  ['a field that is not known', () => ({ x: 1 })],
  ['a field of that name', () => JSON.parse('{"__proto__": 1}')],
  ['an undefined field', () => ({ limit: undefined, x: undefined })],
  ['a list', () => []],
  ['null', () => null],
  ['text', () => ''],
  ['nothing at all', () => undefined],
])('%s is no request that says nothing', (_, value) => {
  const checks = new RequestChecks();
  const { verb } = counted({ limit: z.int().optional() });
  checks.check(verb, {});
  expect(() => checks.check(verb, value())).toThrow(expect.objectContaining({ code: refusal }));
});

it('a schema that wants something refuses nothing each time', () => {
  const checks = new RequestChecks();
  const { verb } = counted({ tags: z.array(z.string()) });
  for (let times = 0; times < 2; times += 1)
    expect(() => checks.check(verb, {})).toThrow(expect.objectContaining({ code: refusal }));
});
