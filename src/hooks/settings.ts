/**
 * Hooks as they are configured: a file of the form of Claude Code's settings, and functions of an embedding program. Both
 * are checked as a whole before anything runs.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config/config-error.ts';
import { completePath } from '../config/value-types.ts';
import { tried } from '../model/parse.ts';
import { type RuleSet, readRules } from '../permissions/rule-set.ts';
import { redactor } from '../platform/redact.ts';
import {
  HOOK_EVENTS,
  type HookEvent,
  type HookFunction,
  type HookFunctions,
  type OnFailure,
} from '../session/ports/hooks.ts';
import type { Hook, HookGroup, HookTable, Work } from './hook.ts';
import { matcherOf } from './matcher.ts';

const MAX_HOOKS = 1_000;
const MAX_TIMEOUT_S = 86_400;
const MAX_LABEL = 200;

const onFailure = z.enum(['block', 'continue']).optional();
/** What all kinds have. Unknown keys are left alone, as there: newer settings stay usable. */
const common = {
  if: z.string().min(1).optional(),
  timeout: z.number().positive().max(MAX_TIMEOUT_S).optional(),
  onFailure,
};
const isNot = (value: unknown) => value === undefined || value === false;

const Configured = z.discriminatedUnion(
  'type',
  [
    z.looseObject({
      ...{ ...common, type: z.literal('command'), command: z.string().min(1) },
      args: z.array(z.string()).optional(),
      async: z.boolean().optional(),
      asyncRewake: z
        .unknown()
        .optional()
        .refine(isNot, 'is not done here: use `async`, or wait for the hook'),
      shell: z.literal('bash', 'only bash is started here').optional(),
    }),
    z.looseObject({
      ...{ ...common, type: z.literal('http'), url: z.url({ protocol: /^https?$/ }) },
      headers: z.record(z.string(), z.string()).optional(),
      allowedEnvVars: z.array(z.string()).optional(),
    }),
    z.looseObject({
      ...{ ...common, type: z.literal('nats') },
      subject: z.string().regex(/^[^\s.*>]+(\.[^\s.*>]+)*$/, 'takes a subject without wildcards'),
    }),
    z.looseObject({
      ...{ ...common, type: z.literal('module'), path: z.string().min(1) },
      export: z.string().min(1).optional(),
    }),
  ],
  { error: 'the types here are command, http, nats and module' },
);
type Configured = z.output<typeof Configured>;

const Matching = z.looseObject({ matcher: z.string().optional(), onFailure });
const Groups = z.array(Matching.extend({ hooks: z.array(Configured).max(MAX_HOOKS) }));

const Settings = z.looseObject({
  disableAllHooks: z.boolean().optional(),
  hooks: z
    .record(z.string(), z.unknown())
    .superRefine((events, context) => {
      for (const name of Object.keys(events))
        if (!isEvent(name))
          context.addIssue({
            code: 'custom',
            message: `there is no event ${name} here; the events are ${HOOK_EVENTS.join(', ')}`,
          });
    })
    .pipe(z.partialRecord(z.enum(HOOK_EVENTS), Groups))
    .optional(),
});

const isEvent = (name: string): name is HookEvent =>
  (HOOK_EVENTS as readonly string[]).includes(name);

export interface SettingsContext {
  /** What headers may name. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Throws `invalid_settings`, with what is wrong and where. */
export const hooksIn = (file: string, context: SettingsContext): HookTable => {
  const fault = (what: string) => new ConfigError(`GREENROOM_HOOKS_FILE: ${file}: ${what}`);
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw fault((error as Error).message);
  }
  try {
    return hooksOf(written, dirname(file), context);
  } catch (error) {
    throw fault((error as Error).message);
  }
};

/** The same of what was read. @param folder what paths of modules are relative to. */
export const hooksOf = (written: unknown, folder: string, context: SettingsContext): HookTable => {
  const read = tried(Settings, written);
  if ('fault' in read) throw new ConfigError(read.fault);
  const { disableAllHooks, hooks = {} } = read.data;
  if (disableAllHooks === true) return {};
  return tableOf(hooks, (each, group) => ({
    identity: identityOf(each, folder),
    label: labelOf(each),
    work: workOf(each, folder, context),
    ...moreOf(each, group),
    only: ruleOf(each.if),
    isAside: each.type === 'command' && each.async === true,
  }));
};

const Functions = z.strictObject({
  matcher: z.string().optional(),
  onFailure,
  timeout: common.timeout,
  hooks: z.array(z.custom<HookFunction>((value) => typeof value === 'function', 'a function')),
});

/** Throws `invalid_settings` for what is no such option. */
export const hooksOfFunctions = (functions: HookFunctions): HookTable => {
  const schema = z.partialRecord(z.enum(HOOK_EVENTS), z.array(Functions));
  const read = tried(schema, functions);
  if ('fault' in read) throw new ConfigError(`hooks: ${read.fault}`);
  return tableOf(read.data, (call, group) => ({
    identity: call,
    label: `function ${call.name || 'without a name'}`.slice(0, MAX_LABEL),
    work: { kind: 'function', call },
    ...moreOf({}, group),
    isAside: false,
  }));
};

interface Written<T> {
  readonly matcher?: string | undefined;
  readonly onFailure?: OnFailure | undefined;
  readonly timeout?: number | undefined;
  readonly hooks: readonly T[];
}

const tableOf = <T>(
  events: Readonly<Partial<Record<HookEvent, readonly Written<T>[]>>>,
  hookOf: (each: T, group: Omit<Written<T>, 'hooks'>) => Hook,
): HookTable => {
  const table: Partial<Record<HookEvent, readonly HookGroup[]>> = {};
  for (const [event, groups] of Object.entries(events) as [HookEvent, readonly Written<T>[]][])
    table[event] = groups.map((group) => ({
      matcher: readMatcher(event, group.matcher),
      hooks: group.hooks.map((each) => hookOf(each, group)),
    }));
  return table;
};

const readMatcher = (event: HookEvent, written: string | undefined) => {
  try {
    return matcherOf(written);
  } catch (error) {
    throw new ConfigError(`hooks.${event}: the matcher ${written}: ${(error as Error).message}`);
  }
};

interface Limits {
  readonly timeout?: number | undefined;
  readonly onFailure?: OnFailure | undefined;
}

/** The hook's own word counts before its group's. */
const moreOf = (each: Limits, group: Limits): Pick<Hook, 'timeoutMs' | 'onFailure'> => {
  const timeout = each.timeout ?? group.timeout;
  return {
    timeoutMs: timeout === undefined ? undefined : timeout * 1_000,
    onFailure: each.onFailure ?? group.onFailure,
  };
};

const workOf = (each: Configured, folder: string, { env }: SettingsContext): Work => {
  switch (each.type) {
    case 'command':
      return { kind: 'command', command: each.command, args: each.args };
    case 'http':
      return { kind: 'http', url: each.url, headers: headersOf(each, env) };
    case 'nats':
      return { kind: 'nats', subject: each.subject };
    case 'module':
      return {
        kind: 'module',
        path: completePath(each.path, folder),
        name: each.export ?? 'default',
      };
  }
};

/** `$NAME` and `${NAME}` stand for variables that are allowed; any other is empty. */
const headersOf = (
  { headers = {}, allowedEnvVars = [] }: Extract<Configured, { type: 'http' }>,
  env: SettingsContext['env'],
): Readonly<Record<string, string>> => {
  const filled = (value: string) =>
    value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, inBraces?: string, bare?: string) => {
      const name = inBraces ?? bare ?? '';
      return allowedEnvVars.includes(name) ? (env[name] ?? '') : '';
    });
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), filled(value)]),
  );
};

const identityOf = (each: Configured, folder: string): string => {
  switch (each.type) {
    case 'command':
      return JSON.stringify([each.type, each.command, each.args, each.if, each.async === true]);
    case 'http':
      return JSON.stringify([each.type, each.url, each.headers, each.if]);
    case 'nats':
      return JSON.stringify([each.type, each.subject, each.if]);
    case 'module':
      return JSON.stringify([each.type, resolve(folder, each.path), each.export, each.if]);
  }
};

const labelOf = (each: Configured): string => {
  const hidden = redactor([]);
  switch (each.type) {
    case 'command':
      return hidden([each.command, ...(each.args ?? [])].join(' ')).slice(0, MAX_LABEL);
    case 'http': {
      const { origin, pathname } = new URL(each.url); // a query may hold a token
      return `${origin}${pathname}`.slice(0, MAX_LABEL);
    }
    case 'nats':
      return each.subject.slice(0, MAX_LABEL);
    case 'module':
      return (isAbsolute(each.path) ? each.path : each.path.replace(/^\.\//, '')).slice(-MAX_LABEL);
  }
};

/** As one that denies: such a rule is about all that it may be about, in every spelling. */
const ruleOf = (written: string | undefined): RuleSet | undefined =>
  written === undefined ? undefined : readRules({ deny: [written] }, { scope: 'daemon' });
