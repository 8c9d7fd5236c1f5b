/** Verbs on all sessions of a tenant: finding, watching, counting, cleaning up, money. */
import { CLEANUP_MS, CRITERIA, type Declared, declared, SETTINGS } from './declared.ts';

const MIRRORED = { projectKey: '-srv-app', sessionId: '1f4d1c9e-0000-4000-8000-000000000001' };
const WATCH = '019a3c5e-0000-7000-8000-000000000002';
const BUDGET = {
  ...{ scope: 'owner', value: 'ann', per: 'month', maxUsd: 100, period: '2026-11' },
  ...{ extraUsd: 0, spentUsd: 12.5, estimatedUsd: 0, reservedUsd: 0.25, leftUsd: 87.25 },
};
const CHANGE = { rename: [{ from: 'team/*', to: 'squad/*' }], remove: ['draft'] };
const OF_SESSIONS = { underDirectory: '/srv/app' };
const JOB = {
  ...{ jobId: '019a3c5e-0000-7000-8000-000000000001', failed: 0, change: CHANGE },
  ...{ criteria: OF_SESSIONS, by: 'ann', askedAt: '2026-11-20T09:00:00.000Z' },
};
const MISSES = [{ type: 'tools_changed', times: 2, missedInputTokens: 48_000, costUsd: 0.13 }];
const COSTS = { sessions: 12, turns: 40, costUsd: 3.5, unpriced: 0, cacheMisses: MISSES };
const APPROVAL = {
  ...{ sessionId: 'demo', turnId: 'hello-1', approvalId: 'hello-1#3', toolUseId: 'toolu_01' },
  ...{ toolName: 'Bash', reason: 'no rule allows it', commands: ['npm test'], files: [] },
  ...{ suggestions: ['Bash(npm test)'], askedAt: '2026-11-20T09:00:00.000Z' },
};

/** `<prefix>.v1.<tenant>.sessions.<verb>`. */
export const ALL = {
  search: declared('read', 'Finds sessions.', { tags: ['review'], minCostUsd: 1 }, CRITERIA),
  list: declared('read', 'The same as `search`.', { limit: 10 }, CRITERIA),
  count: declared(
    'read',
    'Counts sessions, and what they cost.',
    { status: 'idle' },
    { ...CRITERIA, reply: { count: 12, costUsd: 3.5, tokens: 48_000, turns: 40 } },
  ),
  facets: declared(
    'read',
    'Lists the values of one field with what their sessions cost, the most common first; of `day`, `week` and `month` the latest.',
    { by: 'tag' },
    {
      ...CRITERIA,
      reply: {
        facets: [{ value: 'review', sessions: 12, costUsd: 3.5, tokens: 48_000, turns: 40 }],
        values: 1,
      },
    },
  ),
  'watch-open': declared(
    'read',
    'Begins a [live query](subjects.md#live-queries): from now on it is noted what changes in a search.',
    { q: 'tag:review -status:completed' },
    { ...CRITERIA, reply: { watchId: WATCH, present: 2 } },
  ),
  'watch-next': declared(
    'read',
    'Tells what has changed in it, or waits for a change.',
    { watchId: WATCH, after: 7 },
    {
      waits: true,
      reply: {
        ...{ n: 8, presentLeft: 0 },
        changes: [{ type: 'left', sessionId: 'demo' }],
      },
    },
  ),
  'watch-close': declared('read', 'Ends it.', { watchId: WATCH }, { reply: { watchId: WATCH } }),
  approvals: declared(
    'read',
    'Lists the tool calls that wait for a person, those of the session that changed last first.',
    { limit: 20 },
    { reply: { approvals: [APPROVAL] } },
  ),
  'audit-all': declared(
    'read',
    'Lists the same of all sessions, newest first; what became of those that are deleted too.',
    { kind: 'permission', decision: 'denied', limit: 20 },
    {
      reply: {
        audit: [
          {
            ...{ sessionId: 'demo', at: '2026-11-20T09:00:00.000Z', kind: 'permission' },
            ...{ action: 'denied', by: 'request', details: { tool: 'Bash', reason: 'not today' } },
          },
        ],
      },
    },
  ),
  notifications: declared(
    'operate',
    'Says whom the daemon tells what happens to sessions, and what they have not taken.',
    {},
    {
      reply: {
        targets: [
          {
            ...{ name: 'ops', url: 'https://ops.example/hooks', events: ['session.completed'] },
            ...{ waiting: 0, dead: [] },
          },
        ],
      },
    },
  ),
  'retry-notifications': declared(
    'operate',
    'Sends again what was given up, of one target or all.',
    { target: 'ops' },
    { reply: { retried: 0 } },
  ),
  'refused-turns': declared(
    'read',
    "Lists turns of the broker's queue that were not taken, newest first, from the latest thousand that it keeps.",
    { limit: 20 },
    {
      reply: {
        hasQueue: true,
        turns: [
          {
            ...{ sessionId: 'notes', turnId: 't-1', refusedAt: '2026-11-20T09:00:00.000Z' },
            ...{ code: 'queue_full', message: 'too many turns wait in this session' },
          },
        ],
      },
    },
  ),
  cleanup: declared(
    'operate',
    'Deletes sessions that are old, or says which those would be.',
    { maxAgeDays: 30, dryRun: true },
    {
      ...{ ...CRITERIA, timeoutMs: CLEANUP_MS },
      reply: {
        ...{ count: 1, bytes: 48_120, dryRun: true },
        sessions: [{ sessionId: 'demo', updatedAt: '2026-10-01T09:00:00.000Z' }],
      },
    },
  ),
  retention: declared(
    'operate',
    "Follows the operator's retention rules now, or says what that would delete.",
    { dryRun: true },
    {
      timeoutMs: CLEANUP_MS,
      reply: {
        reports: [
          {
            ...{ rule: 'scratch', count: 1, bytes: 48_120, dryRun: true },
            sessions: [{ sessionId: 'demo', updatedAt: '2026-10-01T09:00:00.000Z' }],
          },
        ],
      },
    },
  ),
  retag: declared(
    'operate',
    'Renames, removes or adds tags on all sessions that meet the criteria and are concerned, in the background.',
    { ...CHANGE, ...OF_SESSIONS },
    {
      ...{ ...CRITERIA, timeoutMs: CLEANUP_MS },
      reply: { job: { ...JOB, state: 'done', matched: 12, changed: 12 }, matched: 12 },
    },
  ),
  retags: declared(
    'read',
    'Tells how far such changes have come, the latest first: up to a hundred, since the daemon started.',
    {},
    { reply: { jobs: [{ ...JOB, state: 'running', matched: 90_000, changed: 4_200 }] } },
  ),
  'stop-retag': declared(
    'operate',
    'Ends one behind the sessions that are being changed; what is changed stays.',
    { jobId: JOB.jobId },
    { reply: { jobs: [{ ...JOB, state: 'stopped', matched: 90_000, changed: 4_300 }] } },
  ),
  budgets: declared(
    'read',
    'Lists the budgets of the tenant, and what is spent of each in its present period.',
    {},
    { reply: { budgets: [BUDGET] } },
  ),
  'put-budget': declared(
    'operate',
    'Makes or changes a budget. Turns that wait for it go on, if it is enough for them now.',
    { scope: 'owner', value: 'ann', per: 'month', maxUsd: 100 },
    { ...SETTINGS, reply: { budget: BUDGET } },
  ),
  'delete-budget': declared(
    'operate',
    'Lifts a budget. What was spent of it is kept, and counts when it is put again.',
    { scope: 'owner', value: 'ann', per: 'month' },
    { ...SETTINGS, reply: { deleted: true } },
  ),
  costs: declared(
    'read',
    'Sums up what sessions have cost, and what the prompt cache has missed, some sessions at a time: groups and totals of several pages are to be added up.',
    { by: 'tag', spentAfter: '2026-11-01' },
    {
      ...CRITERIA,
      reply: { groups: [{ value: 'review', ...COSTS }], total: COSTS },
    },
  ),
  'mirror-append': declared(
    'send',
    'Adds entries to a transcript that the Agent SDK keeps here.',
    { ...MIRRORED, entries: ['{"type":"user","uuid":"a"}'] },
    { reply: { sessionId: MIRRORED.sessionId, lines: 1, added: 1 } },
  ),
  'mirror-load': declared('read', 'Gives the entries of such a transcript.', MIRRORED, {
    reply: { exists: true, entries: ['{"type":"user","uuid":"a"}'], life: 'demo.1' },
  }),
  'mirror-list': declared(
    'read',
    'Lists such transcripts of one project.',
    { projectKey: MIRRORED.projectKey },
    { reply: { sessions: [{ sessionId: MIRRORED.sessionId, mtime: 1_790_000_000_000 }] } },
  ),
  'mirror-subkeys': declared('read', 'Names the side transcripts of one.', MIRRORED, {
    reply: { subkeys: ['agent-a1'] },
  }),
  'mirror-delete': declared('operate', 'Deletes one, or a side transcript of it.', MIRRORED, {
    reply: { deleted: true },
  }),
} satisfies Record<string, Declared>;
