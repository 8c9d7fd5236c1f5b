import { expect, test } from 'vitest';
import { Criteria } from '../../src/session/catalog.ts';
import { GreenroomError } from '../../src/session/errors.ts';
import { checked } from '../../src/session/parse.ts';
import { Prompt } from '../../src/session/turn.ts';

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
  const said = /^invalid_criteria: status(\.1)?: Invalid option: expected one of .*"idle"/;
  expect(searched({ status: 'asleep' })).toMatch(said);
  expect(searched({ status: ['idle', 'asleep'] })).toMatch(said);
});

test('a value of none of the types that it may have says which those are', () => {
  expect(searched({ createdAfter: true })).toBe(
    'invalid_request: createdAfter: Invalid input: expected number or string',
  );
  expect(refusalOf(() => checked(Prompt, 5))).toBe(
    'invalid_request: Invalid input: expected string or array',
  );
});

test('what is wrong inside of one of several forms is told with its place', () => {
  expect(refusalOf(() => checked(Prompt, [{ type: 'text', text: 'a' }, {}]))).toBe(
    'invalid_request: 1.type: Invalid input: expected string, received undefined',
  );
});

test('an empty prompt is refused with one sentence', () => {
  expect(refusalOf(() => checked(Prompt, ''))).toBe('invalid_request: must not be blank');
});
