/**
 * Kinds of configuration values: how each is read from text (environment, flags) or JSON (file), and
 * the words for what it expects, so that an error can say what to write instead.
 */
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { homeFolder } from './home-folder.ts';

export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** Ends the sentence "… must be …". */
  readonly expects: string;
  /** Relative values are completed with the folder that they were written in. */
  readonly isPath?: true;
  /** It may have a user part, which nobody is shown. */
  readonly isAddress?: true;
}

const fromText = (value: unknown): unknown =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : value;

const trimmed = z.string().trim();

export const whole = (min: number, max: number): Kind<number> => ({
  schema: z.preprocess(fromText, z.int().min(min).max(max)),
  expects: `a whole number from ${min} to ${max}`,
});

/** A number that may have a fraction. */
export const amount = (min: number, max: number): Kind<number> => ({
  schema: z.preprocess(fromText, z.number().min(min).max(max)),
  expects: `a number from ${min} to ${max}`,
});

export const oneOf = <const T extends string>(...words: readonly [T, ...T[]]): Kind<T> => ({
  schema: trimmed.pipe(z.enum(words)) as unknown as z.ZodType<T>,
  expects: `one of ${words.join(', ')}`,
});

const SWITCHED: Readonly<Record<string, 'on' | 'off'>> = {
  ...{ on: 'on', true: 'on', yes: 'on', '1': 'on' },
  ...{ off: 'off', false: 'off', no: 'off', '0': 'off' },
};

/** As classic programs write it: true and false, in any case, among others. */
export const onOrOff: Kind<'on' | 'off'> = {
  schema: z.preprocess(
    (value) => SWITCHED[String(value).trim().toLowerCase()],
    z.enum(['on', 'off']),
  ),
  expects: 'on or off, true or false, yes or no, 1 or 0',
};

export const text = (expects: string, pattern = /^.+$/s): Kind<string> => ({
  schema: trimmed.regex(pattern),
  expects,
});

export const path: Kind<string> = { schema: trimmed.min(1), expects: 'a path', isPath: true };

/** In text with commas, else a list; as with one path, relative ones are completed. */
export const paths: Kind<readonly string[]> = {
  schema: z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',') : value),
    z.array(trimmed.min(1)),
  ),
  expects: 'a path, or several with commas',
  isPath: true,
};

export const webUrl: Kind<string> = {
  schema: trimmed.pipe(z.url({ protocol: /^https?$/ })),
  expects: 'an http or https URL',
  isAddress: true,
};

/** Servers with commas. */
export const addresses = (expects: string): Kind<string> => ({
  ...text(expects, /^[^\s,]+(,[^\s,]+)*$/),
  isAddress: true,
});

/** What is sent in the head of a request, and would be refused there in words that show it. */
export const headerValue = (what: string): Kind<string> =>
  text(`${what} on one line, of printable ASCII characters`, /^[ -~]+$/);

/** A path as the shell would have it: `~/` is the home folder, the rest is completed with `folder`. */
export const completePath = (value: string, folder: string): string => {
  const plain = value.trim();
  if (plain === '~' || plain.startsWith('~/'))
    return join(homeFolder('a path without ~'), plain.slice(1));
  return isAbsolute(plain) ? plain : resolve(folder, plain);
};
