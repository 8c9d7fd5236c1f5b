/** Verbs on templates, tasks and schedules. */
import { type Declared, declared, SETTINGS } from './declared.ts';

const MADE = {
  ...{ version: 1, createdAt: '2026-11-20T09:00:00.000Z', updatedAt: '2026-11-20T09:00:00.000Z' },
};
const TEMPLATE = { name: 'review', ...MADE, prompt: 'Review {{path}}.' };
const TASK = { name: 'nightly', ...MADE, template: 'review', variables: { path: 'src' } };
const RUN = {
  ...{ taskId: 'nightly', sessionId: 'nightly-0123456789abcdef01234567', turnId: 'nightly-1' },
  ...{ status: 'completed', resultData: 'No faults found.', costUsd: 0.02, attempt: 1 },
  ...{ acceptedAt: '2026-11-20T09:00:00.000Z', finishedAt: '2026-11-20T09:01:00.000Z' },
};
const SCHEDULE = {
  ...{ name: 'mornings', ...MADE, task: 'nightly', cron: '0 7 * * 1-5', timeZone: 'Europe/Berlin' },
  ...{ isPaused: false, nextAt: '2026-11-23T06:00:00.000Z', runs: 0, skipped: 0 },
};

/** `<prefix>.v1.<tenant>.templates.put` and so on. */
export const DEFINITIONS = {
  'templates.put': declared(
    'operate',
    'Makes or replaces a template: settings of sessions, and a prompt with places for variables.',
    { name: 'review', prompt: 'Review {{path}}.', settings: { permissionMode: 'plan' } },
    { ...SETTINGS, reply: { template: TEMPLATE } },
  ),
  'templates.get': declared(
    'read',
    'Shows one.',
    { name: 'review' },
    { reply: { template: TEMPLATE } },
  ),
  'templates.list': declared(
    'read',
    'Lists them by name.',
    { limit: 20 },
    { reply: { templates: [TEMPLATE] } },
  ),
  'templates.delete': declared(
    'operate',
    'Deletes one that no task begins with.',
    { name: 'review' },
    { reply: { deleted: true } },
  ),
  'tasks.put': declared(
    'operate',
    'Makes or replaces a task: what is done in a background session of its own each time that it runs.',
    { name: 'nightly', template: 'review', variables: { path: 'src' } },
    { ...SETTINGS, reply: { task: TASK } },
  ),
  'tasks.get': declared('read', 'Shows one.', { name: 'nightly' }, { reply: { task: TASK } }),
  'tasks.list': declared(
    'read',
    'Lists them by name.',
    { limit: 20 },
    { reply: { tasks: [TASK] } },
  ),
  'tasks.delete': declared(
    'operate',
    'Deletes one that no schedule runs; its runs stay.',
    { name: 'nightly' },
    { reply: { deleted: true } },
  ),
  'tasks.run': declared(
    'send',
    'Begins a run of a task, and answers when that is durable.',
    { name: 'nightly', variables: { path: 'src' }, turnId: 'nightly-1' },
    { ...SETTINGS, reply: { sessionId: RUN.sessionId, turnId: RUN.turnId, isNew: true } },
  ),
  'tasks.executions': declared(
    'read',
    'Lists the runs of a task, newest first.',
    { name: 'nightly', limit: 20 },
    { reply: { executions: [RUN] } },
  ),
  'schedules.put': declared(
    'operate',
    'Makes or replaces a schedule: when a task runs by itself.',
    { name: 'mornings', task: 'nightly', cron: '0 7 * * 1-5', timeZone: 'Europe/Berlin' },
    { ...SETTINGS, reply: { schedule: SCHEDULE } },
  ),
  'schedules.get': declared(
    'read',
    'Shows one.',
    { name: 'mornings' },
    { reply: { schedule: SCHEDULE } },
  ),
  'schedules.list': declared(
    'read',
    'Lists them by name.',
    { limit: 20 },
    { reply: { schedules: [SCHEDULE] } },
  ),
  'schedules.delete': declared(
    'operate',
    'Deletes one; what it has begun goes on.',
    { name: 'mornings' },
    { reply: { deleted: true } },
  ),
  'schedules.pause': declared(
    'operate',
    'Lets it begin nothing until it is resumed.',
    { name: 'mornings' },
    { reply: { schedule: { ...SCHEDULE, isPaused: true } } },
  ),
  'schedules.resume': declared(
    'operate',
    'Lets it go on: what was due meanwhile is not made up for.',
    { name: 'mornings' },
    { reply: { schedule: SCHEDULE } },
  ),
} satisfies Record<string, Declared>;
