/**
 * What templates, tasks and schedules say: their schemas as they are asked for, and as they are stored.
 *
 * A template is settings of sessions with a prompt; a task runs one in a session of its own; a schedule runs a task.
 */
import { z } from 'zod';
import type { When } from '../../calendar/when.ts';
import { Settings } from '../../model/head.ts';
import { DefinitionName } from '../../model/id-schemas.ts';
import { MISFIRES, OVERLAPS } from './words.ts';

/** Longest prompt and value, in characters; the limit of a message holds besides. */
const MAX_TEXT = 1_000_000;
const MAX_VARIABLES = 100;

/** How a variable may be called: `{{name}}`. */
export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

const Value = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()]);
export const Variables = z
  .record(z.string().regex(VARIABLE, 'is no name of a variable'), Value)
  .refine((all) => Object.keys(all).length <= MAX_VARIABLES, `at most ${MAX_VARIABLES} variables`);
export type Variables = Readonly<z.infer<typeof Variables>>;

const common = {
  description: z.string().max(4_000).optional().describe('text for people'),
  prompt: z
    .string()
    .min(1)
    .max(MAX_TEXT)
    .optional()
    .describe('what each run begins with; `{{name}}` stands for a variable'),
  settings: Settings.optional().describe(
    '[settings](settings.md) of its sessions; `{{name}}` works in `systemPrompt` too',
  ),
  variables: Variables.optional().describe('values of variables, where a run gives no other'),
};

export const Template = z.strictObject(common);
export type Template = Readonly<z.infer<typeof Template>>;

export const Task = z.strictObject({
  ...common,
  template: DefinitionName.optional().describe(
    'whose prompt, settings and variables it begins with',
  ),
  autoArchive: z
    .boolean()
    .optional()
    .describe(
      'whether its sessions are [archived](../guide/archives.md) by themselves once they have ended; default: they are not',
    ),
});
export type Task = Readonly<z.infer<typeof Task>>;

/** Runs that one catching up may begin. */
export const MAX_CATCH_UP = 100;
const LONGEST_EVERY = 366 * 24 * 60 * 60;

export const Schedule = z.strictObject({
  task: DefinitionName.describe('the task that it runs'),
  variables: Variables.optional().describe('of each run'),
  description: z.string().max(4_000).optional().describe('text for people'),
  cron: z
    .string()
    .max(200)
    .optional()
    .describe('five fields of cron (minute, hour, day, month, weekday), or six with seconds first'),
  timeZone: z
    .string()
    .max(64)
    .optional()
    .describe('of `cron`, as IANA names it, such as `Europe/Berlin`; default `UTC`'),
  everySeconds: z
    .int()
    .min(1)
    .max(LONGEST_EVERY)
    .optional()
    .describe('seconds from one run to the next; in place of `cron`'),
  from: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('of `everySeconds`: the moment that it counts from; default: when it was put'),
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('one run, at this moment; in place of `cron`'),
  misfire: z
    .enum(MISFIRES)
    .optional()
    .describe(
      'what becomes of runs that were missed because the daemon was down: `skip` them, run the last one `once`, or `catchUp`. Default: `once`',
    ),
  catchUp: z
    .int()
    .min(1)
    .max(MAX_CATCH_UP)
    .optional()
    .describe('of `catchUp`: the last so many of them; default 10'),
  overlap: z
    .enum(OVERLAPS)
    .optional()
    .describe(
      'what becomes of a run while the one before has not ended: `skip` it, let it `wait`, or `allow` both. Default: `skip`',
    ),
});
export type Schedule = Readonly<z.infer<typeof Schedule>>;

interface Times {
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export type StoredTemplate = Template & Times;
export type StoredTask = Task & Times;

/** The run that a schedule began last. */
export interface LastRun {
  readonly dueMs: number;
  readonly sessionId: string;
}

/** Why a run was not begun. */
export interface NotRun {
  readonly dueMs: number;
  readonly why: string;
}

export interface StoredSchedule extends Omit<Schedule, 'cron' | 'timeZone' | 'from'>, Times {
  readonly when: When;
  readonly isPaused: boolean;
  /** Runs that it has begun, and moments that passed without one. */
  readonly runs: number;
  readonly skipped: number;
  readonly last?: LastRun | undefined;
  readonly lastSkipped?: NotRun | undefined;
}
