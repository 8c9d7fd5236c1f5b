/** What is wrong with a tool's input, in words that a model can act on: each field by its name. */
import type { z } from 'zod';

/** Problems that are named; more are counted. */
const MAX_NAMED = 5;

export const problemsIn = (tool: string, error: z.ZodError, input: unknown): string => {
  const all = error.issues.map((issue) => problemOf(issue, input));
  const named = all.slice(0, MAX_NAMED);
  const more = all.length - named.length;
  const rest = more === 0 ? [] : [`and ${more} more`];
  return `The input of ${tool} is not as it has to be: ${[...named, ...rest].join('; ')}. Call it again with an input that fits its schema.`;
};

const problemOf = (issue: z.core.$ZodIssue, input: unknown): string => {
  const field = nameOf(issue.path);
  if (issue.code === 'unrecognized_keys')
    return `${issue.keys.map((key) => `\`${key}\``).join(', ')} ${issue.keys.length === 1 ? 'is not a field' : 'are not fields'}${issue.path.length === 0 ? '' : ` of ${field}`}`;
  if (valueAt(input, issue.path) === undefined && issue.code !== 'custom')
    return `${field} is missing`;
  return `${field}: ${lowerFirst(issue.message)}`;
};

/** `todos[0].content`. */
const nameOf = (path: readonly PropertyKey[]): string => {
  if (path.length === 0) return 'the input';
  const name = path.reduce<string>(
    (text, part) =>
      typeof part === 'number'
        ? `${text}[${part}]`
        : `${text}${text === '' ? '' : '.'}${String(part)}`,
    '',
  );
  return `\`${name}\``;
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null ? Reflect.get(at, part as string) : undefined,
    value,
  );

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
