/** What is wrong with a request is said in words that its sender knows. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { codeOf } from '../../src/model/errors.ts';
import { checked } from '../../src/model/parse.ts';
import { SESSION_VERBS, SESSIONS_VERBS } from '../../src/session/verbs/registry.ts';
import { TurnRequest } from '../../src/session/verbs/turn-request.ts';

const refusal = (schema: z.ZodType, value: unknown): string => {
  try {
    checked(schema, value);
  } catch (error) {
    return `${codeOf(error)}: ${(error as Error).message}`;
  }
  return 'taken';
};

test.each([
  [{ titel: 'x' }, 'titel: is not known (did you mean title?)'],
  [{ Title: 'x' }, 'Title: is not known (did you mean title?)'],
  [{ allowed_tools: [] }, 'allowed_tools: is not known (did you mean allowedTools?)'],
  [{ limits: { maxTurn: 1 } }, 'limits.maxTurn: is not known (did you mean maxTurns?)'],
  [{ colour: 'red' }, 'colour: is not known'],
  [{ ['x'.repeat(100_000)]: 1 }, `${'x'.repeat(100_000)}: is not known`.slice(0, 500)],
])('a misspelt setting is answered with the one that was meant: %#', (settings, why) => {
  expect(refusal(SESSION_VERBS.create.request, settings)).toBe(`invalid_request: ${why}`);
});

test('so is a field of a turn, and of the session that it makes', () => {
  expect(refusal(TurnRequest, { promt: 'x' })).toContain(
    'promt: is not known (did you mean prompt?)',
  );
  expect(refusal(TurnRequest, { prompt: 'x', session: { tag: ['a'] } })).toContain(
    'session.tag: is not known (did you mean tags?)',
  );
});

test('and a criterion', () => {
  expect(refusal(SESSIONS_VERBS.search.request, { tag: ['a'], minCostUds: 1 })).toContain(
    'minCostUds: is not known (did you mean minCostUsd?)',
  );
});

const Value = z.strictObject({
  text: z.string().min(2).max(3).optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  count: z.int().min(1).max(9).optional(),
  word: z.enum(['on', 'off']).optional(),
  time: z.iso.datetime().optional(),
  flag: z.boolean().optional(),
  money: z.number().positive().lt(9).optional(),
  either: z.union([z.string(), z.array(z.string())]).optional(),
  own: z
    .string()
    .refine(() => false, 'is never right')
    .optional(),
  must: z.string(),
});

test.each([
  [{ must: 'm', money: 0 }, 'money: must be more than 0'],
  [{ must: 'm', money: 9 }, 'money: must be less than 9'],
  [{}, 'must: is missing'],
  [{ must: 5 }, 'must: must be text, not a number'],
  [{ must: null }, 'must: must be text, not null'],
  [{ must: 'm', text: 'a' }, 'text: must have at least 2 characters'],
  [{ must: 'm', text: 'abcd' }, 'text: must have at most 3 characters'],
  [{ must: 'm', list: [] }, 'list: must have at least 1 item'],
  [{ must: 'm', list: {} }, 'list: must be a list, not an object'],
  [{ must: 'm', count: 0 }, 'count: must be at least 1'],
  [{ must: 'm', count: 10 }, 'count: must be at most 9'],
  [{ must: 'm', count: 1.5 }, 'count: must be a whole number'],
  [{ must: 'm', word: 'of' }, 'word: must be one of on, off'],
  [{ must: 'm', time: 'noon' }, 'time: must be a time such as 2026-11-20T08:00:00Z'],
  [{ must: 'm', flag: 'yes' }, 'flag: must be true or false, not text'],
  [{ must: 'm', either: 5 }, 'either: must be text or a list'],
  [{ must: 'm', own: 'x' }, 'own: is never right'],
])('%j: %s', (value, why) => {
  expect(refusal(Value, value)).toBe(`invalid_request: ${why}`);
});
