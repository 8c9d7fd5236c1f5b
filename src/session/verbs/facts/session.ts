/** Verbs on one session. */
import { type Declared, declared, SETTINGS, SLOW_MS } from './declared.ts';

const EXTERNAL_KEY = 'claude-code:/srv/app/1f4d1c9e.jsonl';
const APPROVAL = {
  ...{ sessionId: 'demo', turnId: 'hello-1', approvalId: 'hello-1#3', toolUseId: 'toolu_01' },
  ...{ toolName: 'Bash', reason: 'no rule allows it', commands: ['npm test'], files: [] },
  ...{ suggestions: ['Bash(npm test)'], askedAt: '2026-11-20T09:00:00.000Z' },
};
const DIGEST = '0123456789abcdef';

/** `<prefix>.v1.<tenant>.session.<id>.<verb>`. */
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
    "Makes a session that begins with this one's transcript, up to a place in it; by default all of it. With `directory: copy` it works in a copy of the directory.",
    { newSessionId: 'plan-b', atSeq: 2 },
    { timeoutMs: SLOW_MS },
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
