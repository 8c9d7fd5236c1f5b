/**
 * The places where settings are written: flags, environment, `.env`, file. A place gives what stands
 * there under a name, unchecked, and says where that is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { guess } from '../platform/guess.ts';
import { ConfigError } from './config-error.ts';
import { parseDotenv } from './dotenv.ts';
import { CONFIG_NAMES, type ConfigName, VARIABLES } from './variables.ts';

/** Where a value comes from: the kind of place, and its name there (a flag, a program's option, a variable, a file). */
export interface Source {
  readonly kind: 'flag' | 'option' | 'env' | 'dotenv' | 'file' | 'default';
  readonly name: string;
}

/** A value as it was written, and where. */
export interface Written {
  readonly value: unknown;
  readonly source: Source;
  /** The folder that a relative path starts from. */
  readonly folder: string;
}

export type Place = (name: ConfigName) => Written | undefined;
export type Environment = Readonly<Record<string, string | undefined>>;
export type Flags = {
  readonly [N in ConfigName]?: string | number | readonly string[] | undefined;
};

/** Throws it, or notes it: then what is at fault counts as absent. */
export type OnFault = (fault: ConfigError) => void;

/** What `read` gives; undefined: it is at fault. */
export const tried = <T>(read: () => T, onFault: OnFault): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    onFault(error);
    return undefined;
  }
};

const CONFIG_FILE = 'greenroom.config.json';

/** The value of the first place that has one. An empty one counts as absent: CI systems leave them behind. */
export const firstOf = (places: readonly Place[], name: ConfigName): Written | undefined => {
  for (const place of places) {
    const found = place(name);
    if (found !== undefined && found.value !== undefined && found.value !== '') return found;
  }
  return undefined;
};

export const fromFlags =
  (flags: Flags, folder: string, kind: 'flag' | 'option'): Place =>
  (name) => ({ value: flags[name], source: { kind, name }, folder });

export const fromEnvironment =
  (env: Environment, folder: string, kind: 'env' | 'dotenv'): Place =>
  (name) => {
    const { env: ours, aliases = [] }: { env: string; aliases?: readonly string[] } =
      VARIABLES[name];
    const found = [ours, ...aliases].find((candidate) => env[candidate]);
    return found === undefined
      ? undefined
      : { value: env[found], source: { kind, name: found }, folder };
  };

export const readDotenv = (folder: string, onFault: OnFault): Environment => {
  const path = join(folder, '.env');
  return existsSync(path) ? (tried(() => parseDotenvFile(path), onFault) ?? {}) : {};
};

const parseDotenvFile = (path: string): Environment => {
  try {
    return parseDotenv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`);
  }
};

/** `greenroom.config.json`, if there is one, or the file named instead, which must exist. */
export const fromFile = (folder: string, named: string | undefined, onFault: OnFault): Place => {
  const path = resolve(folder, named ?? CONFIG_FILE);
  if (named === undefined && !existsSync(path)) return () => undefined;
  const values = readConfigFile(path, onFault);
  const source: Source = { kind: 'file', name: path };
  return (name) => ({ value: values.get(name), source, folder: dirname(path) });
};

const readConfigFile = (path: string, onFault: OnFault): ReadonlyMap<string, unknown> => {
  const values = tried(() => parseConfigFile(path), onFault) ?? {};
  for (const key of Object.keys(values))
    if (!Object.hasOwn(VARIABLES, key))
      onFault(
        new ConfigError(
          `${path}: ${JSON.stringify(key)} is no setting${guess(key, CONFIG_NAMES) || `; it may hold ${CONFIG_NAMES.join(', ')}`}`,
        ),
      );
  return new Map(Object.entries(values));
};

/** The parser shows the text around a fault, and a key may stand there. */
const withoutSnippet = (message: string): string =>
  message.replace(/, (?:\.\.\.)?".*" is not valid JSON$/s, ': it is not valid JSON');

const parseConfigFile = (path: string): object => {
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${withoutSnippet((error as Error).message)}`);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new ConfigError(`${path} must hold one JSON object, such as { "httpPort": 4280 }`);
  return values;
};
