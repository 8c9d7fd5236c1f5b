/**
 * The words that sessions, turns and searches are described with, and the limits of those that people type. Apart from the
 * schemas, which are made of them: the command line needs the words alone, and schemas take longer to load than it runs.
 */

export const STATUSES = [
  'created',
  'idle',
  'queued',
  'running',
  'waiting',
  'parked',
  'completed',
  'failed',
  'terminated',
  'archived',
] as const;
export type Status = (typeof STATUSES)[number];

/** Ended sessions take no turn until they are reopened. */
const ENDED: readonly Status[] = ['completed', 'failed', 'terminated', 'archived'];

/** Of a session that is at a turn. */
export const isAtTurn = (status: unknown): boolean => status === 'running' || status === 'waiting';

export const hasEnded = ({ status }: { readonly status: Status }): boolean =>
  ENDED.includes(status);

export const MODES = ['interactive', 'background', 'forked'] as const;
export type Mode = (typeof MODES)[number];

/** The newer names and the classic ones; the spelling given is kept. */
export const PERMISSION_MODES = [
  'default',
  'acceptEdits',
  'plan',
  'dontAsk',
  'bypassPermissions',
  'ask',
  'enabled',
  'disabled',
] as const;

/** What becomes of a message that comes while a turn is open; the last two end what is open. */
export const BUSY_POLICIES = ['enqueue', 'reject', 'interrupt', 'rollback'] as const;

/** Who makes room when a session's messages no longer fit into what the model reads at once. */
export const COMPACT_MODES = ['auto', 'server', 'off'] as const;
export type CompactMode = (typeof COMPACT_MODES)[number];
/** What becomes of what a person would be asked: it waits for one, or it is denied at once. */
export const APPROVAL_POLICIES = ['wait', 'deny'] as const;

/** How hard a model tries. */
export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** Stretches of time that sessions can be counted by, as they were made, and costs, as they were spent. */
export const PERIODS = ['day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Whom a budget is for: one session, all sessions with a tag, of an owner, of the tenant. */
export const BUDGET_SCOPES = ['session', 'tag', 'owner', 'tenant'] as const;
/** In which time: calendar days and months of UTC, or ever. */
export const BUDGET_PERIODS = ['day', 'month', 'total'] as const;

/** What costs can be told by. */
export const COST_GROUPS = ['tag', 'model', 'owner', ...PERIODS] as const;
/** Whether what is told by it is told by time. */
export const isPeriod = (by: string): by is Period => PERIODS.some((period) => period === by);

/** What sessions can be counted by. */
export const FACETS = [
  'tag',
  'tool',
  'workingDirectory',
  'model',
  'status',
  'mode',
  'owner',
  'projectKey',
  ...PERIODS,
] as const;

/** Longest query, in characters. */
export const MAX_QUERY_LENGTH = 4_000;
/** Longest `text`, in characters. */
export const MAX_TEXT_LENGTH = 1_000;
/** Whether there is anything to look for. */
export const hasWord = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);

/** Of these a session has one text or none, and criteria ask for it as it is. */
export const ONE_TEXT = [
  'mode',
  'model',
  'permissionMode',
  'owner',
  'templateId',
  'externalKey',
  'projectKey',
  'parentId',
  'childOf',
] as const;
