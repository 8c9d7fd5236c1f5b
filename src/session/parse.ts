/** Values from outside against a schema: checked, or refused with a sentence that names the field. */
import type { z } from 'zod';
import { type ErrorCode, GreenroomError } from './errors.ts';

/** Throws `invalid_request` for unknown, missing or mistyped fields, `wrongValue` for bad values. */
export const checked = <T extends z.ZodType>(
  schema: T,
  value: unknown,
  wrongValue: ErrorCode = 'invalid_request',
): z.output<T> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ code, path, message }) => ({
    field: path.map(String).join('.'),
    code,
    message,
  }));
  const isWrongShape = issues.some(
    ({ code }) => code === 'unrecognized_keys' || code === 'invalid_type',
  );
  throw new GreenroomError(isWrongShape ? 'invalid_request' : wrongValue, sentence(issues), {
    details: { issues: issues.slice(0, 10) },
  });
};

const sentence = (issues: readonly { field: string; message: string }[]): string =>
  issues
    .slice(0, 3)
    .map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
    .join('; ')
    .slice(0, 500);

/** What a bad value is called: criteria and settings have codes of their own. */
export const wrongValueOf = (verb: string): ErrorCode => {
  if (['search', 'list', 'count', 'facets', 'cleanup'].includes(verb)) return 'invalid_criteria';
  return ['create', 'update', 'tag', 'untag'].includes(verb)
    ? 'invalid_settings'
    : 'invalid_request';
};
