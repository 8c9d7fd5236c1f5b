/** What callers may hang on sessions and turns: any JSON object of bounded size. */
import { z } from 'zod';
import { isWellFormed } from './bounds.ts';
import { isDeeperThan } from './json-depth.ts';

/** Largest `metadata` of a session or a turn, as JSON. */
export const MAX_METADATA_BYTES = 16 * 1024;
/** Objects and lists inside each other; what is stored takes a little more. */
const MAX_METADATA_DEPTH = 90;

/** All its texts and names, however deep. */
const holdsWholeCharacters = (value: unknown): boolean => {
  let isWhole = true;
  JSON.stringify(value, (field, part: unknown) => {
    isWhole &&= isWellFormed(field) && (typeof part !== 'string' || isWellFormed(part));
    return part;
  });
  return isWhole;
};

/** The record below would leave this name out without a word; deeper ones are refused by what stores them. */
const holdsProto = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__');

const fields = z.preprocess(
  (value, context) => {
    if (holdsProto(value))
      context.addIssue({ code: 'custom', message: 'holds a field named __proto__' });
    return value;
  },
  z.record(z.string().max(256), z.unknown()),
);

export const Metadata = fields
  .refine((value) => !isDeeperThan(MAX_METADATA_DEPTH, value), {
    error: 'is nested too deeply',
    abort: true, // what comes next writes it as JSON
  })
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES,
    `must be at most ${MAX_METADATA_BYTES} bytes of JSON`,
  )
  .refine(holdsWholeCharacters, 'holds half of a surrogate pair');
