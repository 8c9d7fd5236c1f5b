/**
 * Kinds of configuration values: how each is read from text (environment, flags) or JSON (file), and
 * the words for what it expects, so that an error can say what to write instead.
 */
import { isAbsolute, join, resolve } from 'node:path';
import { homeFolder } from './home-folder.ts';

export interface Kind<T> {
  /** The value that was meant; undefined: it is none of this kind. */
  readonly read: (value: unknown) => T | undefined;
  /** Ends the sentence "… must be …". */
  readonly expects: string;
  /** Relative values are completed with the folder that they were written in. */
  readonly isPath?: true;
  /** It may have a user part, which nobody is shown. */
  readonly isAddress?: true;
}

const number = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : undefined;
};

const trimmed = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.trim() : undefined;

const nonEmpty = (value: unknown): string | undefined => trimmed(value) || undefined;

/** As `value`, where it meets the condition. */
const where = <T>(value: T | undefined, isMet: (value: T) => boolean): T | undefined =>
  value !== undefined && isMet(value) ? value : undefined;

export const whole = (min: number, max: number): Kind<number> => ({
  read: (value) => where(number(value), (n) => Number.isSafeInteger(n) && n >= min && n <= max),
  expects: `a whole number from ${min} to ${max}`,
});

/** A TCP port, or a word that says that there is to be none. */
export const portOrOff: Kind<number | 'off'> = {
  read: (value) => (trimmed(value)?.toLowerCase() === 'off' ? 'off' : whole(0, 65_535).read(value)),
  expects: 'a whole number from 0 to 65535, or off',
};

/** A number that may have a fraction. */
export const amount = (min: number, max: number): Kind<number> => ({
  read: (value) => where(number(value), (n) => n >= min && n <= max),
  expects: `a number from ${min} to ${max}`,
});

export const oneOf = <const T extends string>(...words: readonly [T, ...T[]]): Kind<T> => ({
  read: (value) => words.find((word) => word === trimmed(value)),
  expects: `one of ${words.join(', ')}`,
});

const SWITCHED: ReadonlyMap<string, 'on' | 'off'> = new Map([
  ...(['on', 'true', 'yes', '1'] as const).map((word) => [word, 'on'] as const),
  ...(['off', 'false', 'no', '0'] as const).map((word) => [word, 'off'] as const),
]);

/** As classic programs write it: true and false, in any case, among others. */
export const onOrOff: Kind<'on' | 'off'> = {
  read: (value) => SWITCHED.get(String(value).trim().toLowerCase()),
  expects: 'on or off, true or false, yes or no, 1 or 0',
};

export const text = (expects: string, pattern = /^.+$/s): Kind<string> => ({
  read: (value) => where(trimmed(value), (words) => pattern.test(words)),
  expects,
});

export const path: Kind<string> = { read: nonEmpty, expects: 'a path', isPath: true };

/** In text with commas, else a list; as with one path, relative ones are completed. */
export const paths: Kind<readonly string[]> = {
  read: (value) => {
    const list: unknown = typeof value === 'string' ? value.split(',') : value;
    if (!Array.isArray(list)) return undefined;
    const found = list.map(nonEmpty);
    return found.every((each) => each !== undefined) ? found : undefined;
  },
  expects: 'a path, or several with commas',
  isPath: true,
};

export const webUrl: Kind<string> = {
  read: (value) => where(trimmed(value), (url) => /^https?:/i.test(url) && URL.canParse(url)),
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
