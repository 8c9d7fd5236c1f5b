/** What is wrong with a value, in the words of somebody who has never heard of the library that found it. */
import type { z } from 'zod';

/** For `safeParse`: a schema's own words for a fault go before these. */
export const plainWords = (issue: z.core.$ZodRawIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input);
    case 'invalid_value':
      return `must be ${listed(issue.values.map(String))}`;
    case 'too_small':
      if (issue.inclusive === false) return `must be more than ${issue.minimum}`;
      return `must ${sized(issue.origin, issue.exact ? 'exactly' : 'at least', issue.minimum)}`;
    case 'too_big':
      if (issue.inclusive === false) return `must be less than ${issue.maximum}`;
      return `must ${sized(issue.origin, issue.exact ? 'exactly' : 'at most', issue.maximum)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? 'of another form'}`;
    case 'invalid_union':
      return 'has none of the forms that it may have';
    default:
      return 'is not valid';
  }
};

const wrongType = (expected: string, input: unknown): string => {
  if (input === undefined) return 'is missing';
  const isFraction = expected === 'int' && typeOf(input) === 'number';
  return `must be ${named(expected)}${isFraction ? '' : `, not ${named(typeOf(input))}`}`;
};

/** What may stand there, where it is none of several types. */
export const oneOfTypes = (types: readonly string[]): string =>
  `must be ${[...new Set(types)].map(named).join(' or ')}`;

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time such as 2026-11-20T08:00:00Z',
  date: 'a date such as 2026-11-20',
  uuid: 'a UUID',
  url: 'an address',
};

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  nan: 'no number',
};

const named = (type: string): string => NAMES[type] ?? type;

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' && Number.isNaN(value)) return 'nan';
  return typeof value;
};

const listed = (values: readonly string[]): string =>
  values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;

const PIECES: Readonly<Record<string, string>> = { string: 'character', array: 'item' };

const sized = (origin: string, bound: string, size: number | bigint): string => {
  const piece = PIECES[origin];
  if (piece === undefined) return `be ${bound} ${size}`;
  return `have ${bound} ${size} ${piece}${Number(size) === 1 ? '' : 's'}`;
};
