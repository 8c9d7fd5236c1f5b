/**
 * What is true of each verb before anything of it is loaded: who may ask, how long it may take, how a wrong value is
 * called, an example, a sentence. Clients and the command line read this; its schemas and its work stand beside it,
 * in a `Verb` (`verb.ts`).
 *
 * Invariant: nothing is imported here that costs time to load, no `zod` above all.
 */
import { REQUEST_TIMEOUT_MS } from '../../model/deadlines.ts';
import type { ErrorCode } from '../../model/errors.ts';

/**
 * What a caller must be allowed to do: the words for roles and for the scopes of tokens. `admin` is for what tells of the
 * daemon, and so of all tenants at once.
 */
export const NEEDS = ['read', 'send', 'approve', 'operate', 'admin'] as const;
export type Need = (typeof NEEDS)[number];

export interface Declared {
  /** What it does, in a sentence. */
  readonly says: string;
  readonly needs: Need;
  /** Code of a request whose fields have the right types and a wrong value. */
  readonly refusal: ErrorCode;
  /** By when it is answered, unless the request says otherwise; embedded and over NATS the same. */
  readonly timeoutMs: number;
  readonly example: Example;
  /** It is answered when something happens: until then it takes no place among the requests under way. */
  readonly waits?: true;
}

/** A request that works, and, where that is short, what it is answered with. */
export interface Example {
  readonly request: object;
  readonly reply?: object;
}

const declared = (
  needs: Need,
  says: string,
  request: object = {},
  more: Partial<Pick<Declared, 'refusal' | 'timeoutMs' | 'waits'>> & Pick<Example, 'reply'> = {},
): Declared => {
  const { refusal = 'invalid_request', timeoutMs = REQUEST_TIMEOUT_MS, reply, ...rest } = more;
  const example = reply === undefined ? { request } : { request, reply };
  return { says, needs, refusal, timeoutMs, example, ...rest };
};

const SETTINGS = { refusal: 'invalid_settings' } as const;
const CRITERIA = { refusal: 'invalid_criteria' } as const;
/** Foreign lines are parsed, and a model's call is waited for. */
const SLOW_MS = 120_000;
const CLEANUP_MS = 600_000;
/** Answered out of memory: a daemon that needs longer hangs, and who looks at it wants to know that. */
const LOOK_MS = 10_000;
const LOOK = { timeoutMs: LOOK_MS } as const;

const MIRRORED = { projectKey: '-srv-app', sessionId: '1f4d1c9e-0000-4000-8000-000000000001' };
const EXTERNAL_KEY = 'claude-code:/srv/app/1f4d1c9e.jsonl';
const WATCH = '019a3c5e-0000-7000-8000-000000000002';
const BUDGET = {
  ...{ scope: 'owner', value: 'ann', per: 'month', maxUsd: 100, period: '2026-11' },
  ...{ extraUsd: 0, spentUsd: 12.5, estimatedUsd: 0, reservedUsd: 0.25, leftUsd: 87.25 },
};
const JOB = { jobId: '019a3c5e-0000-7000-8000-000000000001', failed: 0 };
const APPROVAL = {
  ...{ sessionId: 'demo', turnId: 'hello-1', approvalId: 'hello-1#3', toolUseId: 'toolu_01' },
  ...{ toolName: 'Bash', reason: 'no rule allows it', commands: ['npm test'], files: [] },
  ...{ suggestions: ['Bash(npm test)'], askedAt: '2026-11-20T09:00:00.000Z' },
};
const DIGEST = '0123456789abcdef';
const CHANGED_TOOL = { server: 'tickets', tool: 'close' };

const TOKEN = {
  ...{ tokenId: 'k3v9q0x2m7pa', kind: 'token', name: 'ci', tenant: 'default' },
  ...{ scopes: ['read', 'send'], createdAt: '2026-11-20T09:00:00.000Z' },
};

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

const ARCHIVE = { archiveId: '019a3c5e-1f40-7a51-8b62-0123456789ab' };

/** Verbs on one session: `<prefix>.v1.<tenant>.session.<id>.<verb>`. */
export const SESSION = {
  create: declared('send', 'Makes a session.', { title: 'Notes', tags: ['review'] }, SETTINGS),
  get: declared('read', 'Shows a session.'),
  messages: declared('read', 'Shows its transcript, a page at a time.', { from: 1, limit: 20 }),
  'side-transcripts': declared(
    'read',
    'Names its side transcripts in their order, from behind `cursor`.',
    {},
    { reply: { sideTranscripts: [{ subpath: 'agent-a1', seq: 12 }] } },
  ),
  update: declared('send', 'Changes its settings.', { title: 'Other notes' }, SETTINGS),
  tag: declared('send', 'Adds tags.', { tags: ['review', 'urgent'] }, SETTINGS),
  untag: declared('send', 'Takes tags away.', { tags: ['urgent'] }, SETTINGS),
  hold: declared('operate', 'Keeps it from every cleanup: it gets the tag `hold`.', {
    reason: 'audit of 2026',
  }),
  release: declared('operate', 'Lets cleanups take it again.'),
  complete: declared('send', 'Ends it: it takes no turn until it is reopened.'),
  terminate: declared('operate', 'Ends it at once, also in the middle of a turn.', {
    reason: 'it ran in circles',
  }),
  reopen: declared('send', 'Lets an ended session take turns again.'),
  fork: declared(
    'send',
    "Makes a session that begins with this one's transcript, up to a place in it; by default all of it.",
    { newSessionId: 'plan-b', atSeq: 2 },
  ),
  compact: declared(
    'send',
    'Lets a summary stand in for what the model saw so far.',
    { summary: 'We compared tea and coffee, and tea won.' },
    { timeoutMs: SLOW_MS },
  ),
  branches: declared(
    'read',
    'Lists the branches of a session that two programs went on with: what each has, and which one the model sees.',
  ),
  'choose-branch': declared(
    'send',
    'Has the model see another branch of a session that two programs went on with; nothing that is stored changes. `invalid_state` while a turn is open.',
    { branch: 2 },
  ),
  archive: declared(
    'operate',
    'Archives an ended session: its export and its directory go to a folder or a bucket; it is `archived` then.',
    { exclude: ['node_modules'], waitMs: 10_000 },
    { ...SETTINGS, timeoutMs: SLOW_MS },
  ),
  export: declared(
    'read',
    'Gives the session in the export format, a page at a time.',
    {},
    { reply: { text: '{"greenroom":1}\n', cursor: '{"lines":1}' } },
  ),
  'import-session': declared(
    'operate',
    'Makes the session of an export, some lines at a time; without lines it says how far that has come.',
    { lines: [] },
    {
      timeoutMs: SLOW_MS,
      reply: { exists: false, lines: 0, digest: DIGEST, added: 0, isDone: false },
    },
  ),
  append: declared('send', 'Adds messages without running a turn.', {
    messages: [{ role: 'user', content: 'Hello' }],
  }),
  save: declared(
    'send',
    'Makes or replaces a session as classic programs do: its messages, tags and description, whole.',
    { messages: [{ role: 'user', content: 'Hello' }], tags: ['review'] },
    SETTINGS,
  ),
  load: declared(
    'read',
    'Shows a session as classic programs see it: its metadata, and its messages by position, a page at a time.',
    { from: 0 },
  ),
  classic: declared(
    'send',
    'Changes a session as classic programs do: makes it, appends one message as it is, replaces all its metadata, keeps a compaction, or forks it.',
    { kind: 'append', message: { role: 'user', content: 'Hello' } },
    { reply: { done: true } },
  ),
  cancel: declared('send', 'Stops a turn, and answers when it has ended.', { turnId: 'hello-1' }),
  delete: declared(
    'operate',
    'Deletes the session.',
    { release: true },
    { reply: { deleted: true } },
  ),
  turns: declared(
    'read',
    'Lists its turns: open ones first, then newest first; of more than 500 by the falling order of their ids, which is that of time unless they are your own.',
    { limit: 20 },
  ),
  'turn-status': declared('read', 'Shows one turn.', { turnId: 'hello-1' }),
  'turn-trace': declared('read', 'Tells where a turn was and when.', { turnId: 'hello-1' }),
  audit: declared(
    'read',
    'Lists what became of the session and what its tools did, and by whom or what, oldest first. With a filter a page may be short, and have a `nextCursor`.',
    { limit: 20 },
    {
      reply: {
        audit: [
          {
            ...{ at: '2026-11-20T09:00:00.000Z', kind: 'lifecycle', action: 'created' },
            by: 'request',
          },
        ],
      },
    },
  ),
  metrics: declared(
    'read',
    'Gives its counters as they were at the end of each turn and every minute while one ran, newest first; the older they are, the fewer are kept.',
    { limit: 20 },
    {
      reply: {
        snapshots: [
          {
            ...{ snapshotAt: '2026-11-20T09:00:00.000Z', totalMessages: 2, totalToolCalls: 0 },
            ...{ totalHookExecutions: 0, totalPermissionChecks: 0, totalErrors: 0 },
            ...{ totalRetries: 0, totalCostUsd: 0.0021, totalInputTokens: 520 },
            ...{ totalOutputTokens: 36, totalCacheCreationTokens: 0, totalCacheReadTokens: 0 },
            ...{ durationMs: 1_840, avgToolDurationMs: null },
          },
        ],
      },
    },
  ),
  asked: declared(
    'read',
    'Shows the tool calls of the session that wait for a person.',
    {},
    {
      reply: { approvals: [{ ...APPROVAL, input: { command: 'npm test' } }] },
    },
  ),
  approve: declared(
    'approve',
    'Answers one: the first answer counts.',
    { approvalId: APPROVAL.approvalId, decision: 'allow', scope: 'session' },
    {
      reply: {
        ...{ approvalId: APPROVAL.approvalId, decision: 'allow' },
        ...{ rules: APPROVAL.suggestions, by: 'request' },
      },
    },
  ),
  explain: declared('read', 'Says what the session is at, and why it is not moving.'),
  context: declared(
    'read',
    "Says how much of its model's window the session takes, and what a compaction would sum up.",
    { count: true },
    { timeoutMs: SLOW_MS },
  ),
  children: declared(
    'read',
    'Shows its sub-agents as a tree, and what they have cost beside and with it.',
    { limit: 20 },
    {
      reply: {
        ...{ sessionId: 'demo', costUsd: 0.2, childrenCostUsd: 0, totalCostUsd: 0.2 },
        ...{ count: 0, children: [] },
      },
    },
  ),
  import: declared(
    'operate',
    'Adds a piece of a foreign transcript.',
    { externalKey: EXTERNAL_KEY, fromLine: 0, lines: ['{"type":"user"}'] },
    { timeoutMs: SLOW_MS },
  ),
  'import-state': declared(
    'operate',
    'Says what is stored of a foreign transcript, to compare a file with that has grown.',
    {},
    { reply: { exists: true, externalKey: EXTERNAL_KEY, lines: 1, digest: DIGEST } },
  ),
} satisfies Record<string, Declared>;

/** Verbs on all sessions of a tenant: `<prefix>.v1.<tenant>.sessions.<verb>`. */
export const SESSIONS = {
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
  cleanup: declared(
    'operate',
    'Deletes sessions that are old, or says which those would be.',
    { maxAgeDays: 30, dryRun: true },
    {
      ...{ ...CRITERIA, timeoutMs: CLEANUP_MS },
      reply: {
        ...{ count: 1, bytes: null, dryRun: true },
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
            ...{ rule: 'scratch', count: 1, bytes: null, dryRun: true },
            sessions: [{ sessionId: 'demo', updatedAt: '2026-10-01T09:00:00.000Z' }],
          },
        ],
      },
    },
  ),
  retag: declared(
    'operate',
    'Renames, removes or adds tags on all sessions that meet the criteria and are concerned, in the background.',
    { rename: [{ from: 'team/*', to: 'squad/*' }], remove: ['draft'], underDirectory: '/srv/app' },
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
    'Sums up what sessions have cost, and what the prompt cache has missed, some sessions at a time: groups of several pages are to be added up.',
    { by: 'tag', spentAfter: '2026-11-01' },
    {
      ...CRITERIA,
      reply: {
        groups: [
          {
            ...{ value: 'review', sessions: 12, turns: 40, costUsd: 3.5, unpriced: 0 },
            cacheMisses: [
              { type: 'tools_changed', times: 2, missedInputTokens: 48_000, costUsd: 0.13 },
            ],
          },
        ],
      },
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

  // Of archives, which outlive their sessions: `<prefix>.v1.<tenant>.archives.search` and so on.
  'archives.search': declared(
    'read',
    'Finds archives, in the order in which their sessions changed last.',
    {
      status: 'completed',
      limit: 20,
    },
  ),
  'archives.get': declared('read', 'Shows one.', ARCHIVE),
  'archives.verify': declared(
    'operate',
    'Reads all of one, and tells whether each file is as it was.',
    { ...ARCHIVE, waitMs: 10_000 },
    { timeoutMs: SLOW_MS },
  ),
  'archives.restore': declared(
    'operate',
    'Brings its session and its directory back, where there is nothing.',
    { ...ARCHIVE, to: '/srv/restored/app' },
    { timeoutMs: SLOW_MS },
  ),
  'archives.delete': declared(
    'operate',
    'Deletes one; bytes that another archive has too stay.',
    { ...ARCHIVE, waitMs: 10_000 },
    { timeoutMs: SLOW_MS, reply: { deleted: true } },
  ),
  'archives.read': declared(
    'operate',
    "Gives bytes of what it is made of: its directory's archive, the list of that, the transcript, the manifest.",
    { ...ARCHIVE, object: 'folder', offset: 0 },
    {
      timeoutMs: SLOW_MS,
      reply: { base64: 'H4sI', sizeBytes: 3, sha256: DIGEST, name: `${DIGEST}.tar.gz` },
    },
  ),
  'archives.hold': declared('operate', 'Keeps one from going by its age, and from deletion.', {
    ...ARCHIVE,
    reason: 'audit of 2026',
  }),
  'archives.release': declared('operate', 'Lets it go again.', ARCHIVE),

  // Of templates, tasks and schedules: `<prefix>.v1.<tenant>.templates.put` and so on.
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

/** Verbs on the daemon: `<prefix>.v1.<tenant>.daemon.<verb>`. */
export const DAEMON = {
  ping: declared(
    'read',
    'Says that it is there; another `startedAt` is another daemon.',
    {},
    { timeoutMs: LOOK_MS, reply: { pid: 4711, startedAt: '2026-11-20T09:00:00.000Z' } },
  ),
  status: declared('admin', 'Tells what it runs with, and what it has done.', {}, LOOK),
  tree: declared('admin', 'Shows the running supervision tree.', {}, LOOK),
  inspect: declared('admin', 'Shows one actor of the tree.', { path: 'storage/journal' }, LOOK),
  'tool-servers': declared(
    'admin',
    'Lists the MCP servers, and which of their tools say something else than at first sight.',
    {},
    { reply: { servers: [{ name: 'tickets', state: 'connected', tools: 3, changed: ['close'] }] } },
  ),
  'changed-tool': declared(
    'admin',
    'Shows what such a tool said when it was first seen, and what it says now.',
    CHANGED_TOOL,
    {
      reply: {
        ...{ ...CHANGED_TOOL, hash: DIGEST },
        before: { description: 'Closes a ticket.', inputSchema: { type: 'object' } },
        now: { description: 'Closes all tickets.', inputSchema: { type: 'object' } },
      },
    },
  ),
  'accept-tool': declared(
    'admin',
    'Offers such a tool again, as it is now: only as long as `hash` is still that of what was shown.',
    { ...CHANGED_TOOL, hash: DIGEST },
    { reply: { ...CHANGED_TOOL, hash: DIGEST } },
  ),
  tokens: declared(
    'admin',
    'Lists the tokens with which the HTTP gateway is asked.',
    {},
    { reply: { tokens: [TOKEN] } },
  ),
  'create-token': declared(
    'admin',
    'Makes such a token. It is shown this once, and kept nowhere.',
    { name: 'ci', scopes: ['read', 'send'] },
    { ...SETTINGS, reply: { token: 'grm_k3v9q0x2m7pa_…', ...TOKEN } },
  ),
  'revoke-token': declared(
    'admin',
    'Makes one void, at once.',
    { tokenId: TOKEN.tokenId },
    { reply: { revoked: true } },
  ),
  'open-page': declared(
    'admin',
    'Gives an address that lets one browser on this machine in: once, within a minute.',
    {},
    {
      reply: {
        ...{ url: 'http://127.0.0.1:4280/open?ticket=…', expiresAt: '2026-11-20T09:01:00.000Z' },
      },
    },
  ),
} satisfies Record<string, Declared>;

/** Verbs on one session that are not one request and one reply. */
export const TURNS = {
  turn: declared('send', 'Queues a turn in the broker.', { turnId: 'hello-1', prompt: 'Hello' }),
  ask: declared('send', 'Runs a turn, and tells its events.', { prompt: 'Hello' }),
} satisfies Record<string, Declared>;

export type SessionVerb = keyof typeof SESSION;
export type SessionsVerb = keyof typeof SESSIONS;
export type DaemonVerb = keyof typeof DAEMON;
