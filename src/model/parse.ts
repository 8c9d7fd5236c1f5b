/** Values from outside against a schema: checked, or refused with a sentence that names the field. */
import type { z } from 'zod';
import { guess } from '../platform/guess.ts';
import { type ErrorCode, GreenroomError } from './errors.ts';
import { fieldsAt } from './known-fields.ts';
import { oneOfTypes, plainWords } from './plain-issue.ts';

/**
 * Throws `invalid_request` for unknown, missing or mistyped fields, `wrongValue` for bad values. Of criteria whatever is
 * wrong is `invalid_criteria`: one that is not known is one that is wrong.
 */
export const checked = <T extends z.ZodType>(
  schema: T,
  value: unknown,
  wrongValue: ErrorCode = 'invalid_request',
): z.output<T> => {
  const result = schema.safeParse(value, { error: plainWords });
  if (result.success) return result.data;
  const issues = issuesIn(schema, result.error);
  const isWrongShape = issues.some(
    ({ code, field }) =>
      (code === 'unrecognized_keys' || code === 'invalid_type') &&
      (wrongValue !== 'invalid_criteria' || field === ''),
  );
  throw new GreenroomError(isWrongShape ? 'invalid_request' : wrongValue, sentence(issues), {
    details: { issues: issues.slice(0, 10) },
  });
};

/** The same for whoever has a kind of error of its own: the sentence never has the value, which may be a secret. */
export const tried = <T extends z.ZodType>(
  schema: T,
  value: unknown,
): { readonly data: z.output<T> } | { readonly fault: string } => {
  const { data, error } = schema.safeParse(value, { error: plainWords });
  return error === undefined ? { data } : { fault: sentence(issuesIn(schema, error)) };
};

const issuesIn = (schema: z.ZodType, error: z.ZodError) =>
  error.issues.flatMap(unfold).map(({ code, path, message }) => ({
    field: path.map(String).join('.'),
    code,
    message: code === 'unrecognized_keys' ? `${message}${meant(schema, path)}` : message,
  }));

type Issue = Pick<z.core.$ZodIssue, 'code' | 'path' | 'message'>;

/** Of a value that may be this or that: what was wrong with the one that it came closest to. */
const unfold = (issue: z.core.$ZodIssue): readonly Issue[] => {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      code: issue.code,
      path: [...issue.path, key],
      message: 'is not known',
    }));
  if (issue.code !== 'invalid_union') return [issue];
  const { path } = issue;
  const close = issue.errors.filter((issues) => !issues.some(isOfAnotherType));
  const [closest] = close.toSorted((a, b) => depthOf(b) - depthOf(a));
  if (closest !== undefined)
    return closest.flatMap(unfold).map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
  const types = issue.errors.flat().filter(isOfAnotherType);
  if (types.length === 0) return [issue];
  const message = oneOfTypes(types.map(({ expected }) => expected));
  return [{ code: 'invalid_type', path, message }];
};

/** Of a field that is not known: the nearest one that is. */
const meant = (schema: z.ZodType, path: readonly PropertyKey[]): string =>
  guess(String(path.at(-1)), fieldsAt(schema, path.slice(0, -1)));

const isOfAnotherType = (issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidType =>
  issue.code === 'invalid_type' && issue.path.length === 0;

const depthOf = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.max(0, ...issues.map(({ path }) => path.length));

const sentence = (issues: readonly { field: string; message: string }[]): string =>
  issues
    .slice(0, 3)
    .map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
    .join('; ')
    .slice(0, 500);
