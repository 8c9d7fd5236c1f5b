import { expect, test } from 'vitest';
import { Criteria, Filter } from '../../src/model/criteria.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { checked } from '../../src/model/parse.ts';
import { Prompt } from '../../src/model/turn.ts';
import { SESSIONS_VERBS } from '../../src/session/verbs/registry.ts';

const refusalOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof GreenroomError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
};

const searched = (criteria: object) =>
  refusalOf(() => checked(Criteria, criteria, 'invalid_criteria'));

test('a value that may be one or several says which values there are', () => {
  const said = /^invalid_criteria: status(\.1)?: must be one of .*idle/;
  expect(searched({ status: 'asleep' })).toMatch(said);
  expect(searched({ status: ['idle', 'asleep'] })).toMatch(said);
});

test('a value of none of the types that it may have says which those are', () => {
  expect(searched({ createdAfter: true })).toBe(
    'invalid_criteria: createdAfter: must be a number or text',
  );
  expect(refusalOf(() => checked(Prompt, 5))).toBe('invalid_request: must be text or a list');
});

test('what is wrong inside of one of several forms is told with its place', () => {
  expect(refusalOf(() => checked(Prompt, [{ type: 'text', text: 'a' }, {}]))).toBe(
    'invalid_request: 1.type: is missing',
  );
});

test('an empty prompt is refused with one sentence', () => {
  expect(refusalOf(() => checked(Prompt, ''))).toBe('invalid_request: must not be blank');
});

test('a criterion that is not known is a wrong one, and is named', () => {
  expect(searched({ colour: 'red' })).toBe('invalid_criteria: colour: is not known');
  expect(searched([])).toMatch(/^invalid_request: /);
});

test.each([
  [{ minCostUsd: 2, maxCostUsd: 1 }, 'minCostUsd: is beyond maxCostUsd'],
  [{ minCost: 2, maxCostUsd: 1 }, 'minCost: is beyond maxCostUsd'],
  [{ after: '2026-02-01', before: '2026-01-01' }, 'after: is beyond before'],
  [{ createdAfter: 2, before: 1 }, 'createdAfter: is beyond before'],
  [{ minTokens: 2, maxTokens: 1 }, 'minTokens: is beyond maxTokens'],
  [{ updatedAfter: 2, updatedBefore: 1 }, 'updatedAfter: is beyond updatedBefore'],
])(
  'bounds that contradict each other are refused, not answered with nothing: %j',
  (criteria, why) => {
    expect(searched(criteria)).toBe(`invalid_criteria: ${why}`);
    const filter = () => checked(Filter, criteria, 'invalid_criteria');
    expect(refusalOf(filter)).toBe(`invalid_criteria: ${why}`);
    const cleanup = () => checked(SESSIONS_VERBS.cleanup.request, criteria, 'invalid_criteria');
    expect(refusalOf(cleanup)).toBe(`invalid_criteria: ${why}`);
  },
);

test('bounds that meet are a range', () => {
  expect(searched({ minCostUsd: 1, maxCostUsd: 1 })).toBe('taken');
});
