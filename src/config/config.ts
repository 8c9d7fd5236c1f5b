/**
 * Configuration: flags over environment over `.env` over file over defaults, checked once, then
 * passed down as plain values. Nothing else in `src` reads settings from the environment.
 */

import { withoutUserParts } from '../platform/address.ts';
import { ConfigError } from './config-error.ts';
import {
  type Environment,
  type Flags,
  firstOf,
  fromEnvironment,
  fromFile,
  fromFlags,
  type OnFault,
  type Place,
  readDotenv,
  type Source,
  tried,
  type Written,
} from './sources.ts';
import { completePath } from './value-types.ts';
import { CONFIG_NAMES, type Config, type ConfigName, VARIABLES } from './variables.ts';

export { ConfigError } from './config-error.ts';
export type { Flags, Source } from './sources.ts';
export { CONFIG_NAMES, type Config, type ConfigName, VARIABLES } from './variables.ts';

export interface LoadOptions {
  /** Values by configuration name, as the command line gives them. */
  readonly flags?: Flags;
  /** The same, as a program that embeds Greenroom gives them. */
  readonly options?: Flags;
  /** Default: the process's. */
  readonly env?: Environment;
  /** Where `.env` and `greenroom.config.json` are looked for; default: the working directory. */
  readonly cwd?: string;
  /** Another configuration file; it must exist. */
  readonly configFile?: string | undefined;
  /** Model of new sessions where none is configured: the newest Sonnet of the price table. */
  readonly newestModel: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: ReadonlyMap<ConfigName, Source>;
  /** `GREENROOM_…` variables that mean nothing here: perhaps misspelt. */
  readonly unknown: readonly string[];
}

/** Reads and checks everything. Throws `ConfigError`, code `invalid_settings`, for the first fault. */
export const loadConfig = (options: LoadOptions): LoadedConfig => read(options, thrown);

export interface ExaminedConfig extends LoadedConfig {
  /** All faults, each a sentence. What is at fault has no value in `config`. */
  readonly faults: readonly string[];
}

/** The same to its end, whatever is wrong: for `greenroom config check`. */
export const examineConfig = (options: LoadOptions): ExaminedConfig => {
  const faults: string[] = [];
  const loaded = read(options, ({ message }) => void faults.push(message));
  return { ...loaded, faults };
};

const read = (options: LoadOptions, onFault: OnFault): LoadedConfig => {
  const {
    env = process.env,
    cwd = process.cwd(),
    flags = {},
    options: given = {},
    newestModel,
  } = options;
  const dotenv = readDotenv(cwd, onFault);
  const places = [
    fromFlags(flags, cwd, 'flag'),
    fromFlags(given, cwd, 'option'),
    fromEnvironment(env, cwd, 'env'),
    fromEnvironment(dotenv, cwd, 'dotenv'),
    fromFile(cwd, options.configFile, onFault),
  ];
  const unknown = unknownNames({ ...dotenv, ...env });
  return { ...inForce(places, { env, newestModel, onFault }), unknown };
};

/** The given values over defaults, whatever environment and files say: for what is no daemon. */
export const defaultConfig = (options: Flags, newestModel: string): Config =>
  inForce([fromFlags(options, process.cwd(), 'option')], { env: {}, newestModel, onFault: thrown })
    .config;

const thrown: OnFault = (fault) => {
  throw fault;
};

interface Surroundings {
  readonly env: Environment;
  readonly newestModel: string;
  readonly onFault: OnFault;
}

const inForce = (
  places: readonly Place[],
  { env, newestModel, onFault }: Surroundings,
): Omit<LoadedConfig, 'unknown'> => {
  const written = new Map(CONFIG_NAMES.map((name) => [name, firstOf(places, name)]));
  const hasApiKey = written.get('anthropicApiKey') !== undefined;
  const valueInForce = (name: ConfigName): unknown => {
    const given = written.get(name);
    return given === undefined
      ? VARIABLES[name].fallback({ env, newestModel, hasApiKey })
      : checked(name, given);
  };
  return {
    config: Object.fromEntries(
      CONFIG_NAMES.map((name) => [name, tried(() => valueInForce(name), onFault)]),
    ) as Config,
    sources: new Map(CONFIG_NAMES.map((name) => [name, sourceOf(name, written.get(name))])),
  };
};

/** One line of `greenroom config`; secrets are hidden in `value`. */
export interface ConfigLine {
  readonly name: ConfigName;
  readonly variable: string;
  readonly value: string | number | null;
  readonly source: Source;
  readonly meaning: string;
}

/** What is in force, to be printed. */
export const describeConfig = ({ config, sources }: LoadedConfig): readonly ConfigLine[] =>
  CONFIG_NAMES.map((name) => ({
    name,
    variable: VARIABLES[name].env,
    value: shown(name, config[name]),
    source: sources.get(name) ?? sourceOf(name, undefined),
    meaning: VARIABLES[name].meaning,
  }));

const shown = (name: ConfigName, value: Config[ConfigName]): string | number | null => {
  if (value === undefined) return null;
  if (typeof value === 'object') return value.join(',');
  if ('secret' in VARIABLES[name]) return '(hidden)';
  return typeof value === 'string' ? withoutUser(name, value) : value;
};

const sourceOf = (name: ConfigName, given: Written | undefined): Source =>
  given?.source ?? { kind: 'default', name: VARIABLES[name].otherwise };

const checked = (name: ConfigName, { value, source, folder }: Written): unknown => {
  const variable = VARIABLES[name];
  const read: unknown = variable.read(value);
  if (read === undefined)
    throw new ConfigError(
      `${described(name, source)} is ${printed(name, value)}: it must be ${variable.expects}. ` +
        `Correct it, or leave it out for the default (${variable.otherwise}).`,
    );
  return 'isPath' in variable ? completed(read, folder) : read;
};

const completed = (value: unknown, folder: string): unknown => {
  if (typeof value === 'string') return completePath(value, folder);
  return Array.isArray(value) ? value.map((path: string) => completePath(path, folder)) : value;
};

const described = (name: ConfigName, source: Source): string => {
  const names: Readonly<Record<Source['kind'], string>> = {
    flag: `${VARIABLES[name].env} (from the command line)`,
    option: `the option ${name}`,
    env: source.name,
    dotenv: `${source.name} in .env`,
    file: `${name} in ${source.name}`,
    default: name,
  };
  return names[source.kind];
};

const printed = (name: ConfigName, value: unknown): string =>
  'secret' in VARIABLES[name]
    ? 'not usable'
    : JSON.stringify(typeof value === 'string' ? withoutUser(name, value) : value);

/** An address may also stand where none belongs. */
const withoutUser = (name: ConfigName, value: string): string =>
  'isAddress' in VARIABLES[name] || value.includes('://') ? withoutUserParts(value) : value;

/** Settings, and what tests alone set (`crashpoint.ts`). */
const KNOWN: ReadonlySet<string> = new Set([
  ...CONFIG_NAMES.map((name) => VARIABLES[name].env),
  'GREENROOM_CRASHPOINT',
]);

const unknownNames = (env: Environment): readonly string[] =>
  Object.keys(env).filter((name) => name.startsWith('GREENROOM_') && !KNOWN.has(name));
