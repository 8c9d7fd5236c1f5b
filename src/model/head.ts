/**
 * The head of a session: everything small about it, rewritten by each commit. Absent fields stand
 * for their defaults, so that a plain session's head is a few hundred bytes.
 */
import { z } from 'zod';
import { answeringShape } from './answering.ts';
import { isWellFormed } from './bounds.ts';
import type { Branches } from './branches.ts';
import { SessionBudget } from './budget.ts';
import type { ClassicFacts } from './classic-facts.ts';
import type { Clearing, Compaction, ContextUse } from './compaction.ts';
import type { Container } from './container.ts';
import { ContextSettings } from './context-settings.ts';
import type { Provider } from './entry.ts';
import { GreenroomError } from './errors.ts';
import type { Every } from './every.ts';
import type { SessionKey, TurnId } from './ids.ts';
import { SessionServers } from './mcp-servers.ts';
import { Metadata } from './metadata.ts';
import type { Segment } from './segments.ts';
import { SessionServerTools } from './server-tools.ts';
import type { ToolMemory } from './tool-memory.ts';
import type { Transfer } from './transfer.ts';
import {
  BUSY_TEXT,
  BusyPolicy,
  type DelayedTurn,
  MOST_STEPS,
  type OpenTurn,
  storedTurn,
  type TurnError,
} from './turn.ts';
import { emptyUsage, type Usage } from './usage.ts';
import { APPROVAL_POLICIES, hasEnded, MODES, PERMISSION_MODES, type Status } from './words.ts';

export const RetrySettings = z.strictObject({
  /** Further attempts of one model call after the first; default 3. */
  maxRetries: z.int().min(0).max(20).optional(),
  /** First delay, doubled each time, in milliseconds; default 2,000. A `retry-after` wins. */
  delayMs: z.int().min(0).max(600_000).optional(),
  /** Longest silence of the API in one model call, in milliseconds; default 120,000. A call that goes on ends after an hour. */
  timeoutMs: z.int().min(10).max(3_600_000).optional(),
});
export type RetrySettings = z.infer<typeof RetrySettings>;

/** A year. */
export const MOST_APPROVAL_MINUTES = 525_600;

export const Limits = z.strictObject({
  /** Turns of the session. */
  maxTurns: z.int().min(1).optional(),
  /** Model calls of one turn; default 50. */
  maxSteps: z.int().min(1).max(MOST_STEPS).optional(),
  /** Money of the session, in dollars. */
  maxCostUsd: z.number().positive().optional(),
  /** How long a tool call waits for a person before it is denied; 0: for as long as it takes. Default: the daemon's. */
  approvalMinutes: z.number().min(0).max(MOST_APPROVAL_MINUTES).optional(),
});
export type Limits = z.infer<typeof Limits>;

/** A store would give half a surrogate pair back as another character. */
const text = (longest: number) =>
  z.string().max(longest).refine(isWellFormed, 'holds half of a surrogate pair');
const name = (longest: number) => text(longest).min(1);
const names = z.array(name(256)).max(1000);

/** What a caller may set, at creation and later. `null` would be ambiguous and is refused. */
export const settableShape = {
  title: text(500).optional().describe('text for people, up to 500 characters'),
  description: text(4_000).optional().describe('text for people, up to 4,000 characters'),
  summary: text(4_000).optional().describe('text for people, up to 4,000 characters'),
  tags: z.array(z.string()).max(100).optional().describe('replaces all of them'),
  mode: z
    .enum(MODES)
    .optional()
    .describe(
      '`interactive`, `background` (ends by itself as `completed` or `failed` when its turns are done) or `forked`',
    ),
  owner: name(256).optional().describe('yours; searches find by it'),
  externalKey: name(1_024).optional().describe('yours; searches find by it'),
  templateId: name(256).optional().describe('yours; searches find by it'),
  metadata: Metadata.optional().describe('yours; a JSON object'),
  model: name(200).optional().describe('model of its turns; default `GREENROOM_MODEL`'),
  fallbackModel: name(200)
    .optional()
    .describe(
      'model of the rest of a turn whose model did not answer, however often it was asked, because it was overloaded or failed; `none` takes it away again. Default: none',
    ),
  systemPrompt: text(200_000).optional().describe('up to 200,000 characters'),
  maxTokens: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('tokens of one answer; default 8,192'),
  ...answeringShape,
  workingDirectory: name(4_096)
    .optional()
    .describe(
      'it gives the session its tools, which work there; should be the [absolute path of a folder that exists](#working-directory). Searches find by it',
    ),
  tools: names
    .optional()
    .describe(
      'names of the tools that the model is offered; default: all, if there is a `workingDirectory`',
    ),
  serverTools: SessionServerTools.optional().describe(
    '[tools that the API runs](tools.md#tools-that-the-api-runs) that the model is offered beside `tools`, each in the API\'s form, such as `{ type: "web_search_20250305", max_uses: 3 }`',
  ),
  permissionMode: z
    .enum(PERMISSION_MODES)
    .optional()
    .describe('what becomes of tool calls that no rule decides; default `default`'),
  approvals: z
    .enum(APPROVAL_POLICIES)
    .optional()
    .describe(
      'what becomes of tool calls that a person would be asked about: they `wait`, or are denied at once (`deny`). Default: `deny` in a `background` session, else `wait`',
    ),
  allowedTools: names.optional().describe('permission rules: these calls need no asking'),
  disallowedTools: names
    .optional()
    .describe('permission rules: these calls are refused; a bare name is not offered either'),
  policies: names
    .optional()
    .describe('of `FileAccessPolicy` and `CommandPolicy`; default both, with `[]` neither'),
  mcpServers: SessionServers.optional().describe(
    'MCP servers of this session alone, by name, as far as the daemon [allows them](../guide/tool-servers.md#servers-of-one-session)',
  ),
  hooks: names
    .optional()
    .describe(
      '[events](../guide/hooks.md#built-in) whose hooks run for it; default, and with an empty list: those of all events',
    ),
  includePartialMessages: z.boolean().optional().describe('`false`: no `delta` events'),
  onBusy: BusyPolicy.optional().describe(BUSY_TEXT),
  idleEndMinutes: z
    .number()
    .positive()
    .max(MOST_APPROVAL_MINUTES)
    .optional()
    .describe(
      'it ends as `completed` when nothing has come to it for so long; not while a turn is open or while it is held. Default: never',
    ),
  retry: RetrySettings.optional().describe(
    '`{ maxRetries, delayMs, timeoutMs }` of its model calls',
  ),
  context: ContextSettings.optional().describe(
    '`{ compact, windowTokens, compactAtTokens, compactPrompt, keepToolResults, continuations }`: how it stays within [what the model reads at once](../guide/context.md)',
  ),
  budget: SessionBudget.optional().describe(
    '`{ maxUsd, per }`: money of the session, by `day`, `month` or in `total`; when it is used up a person is [asked for more](../guide/money.md). `none` lifts it',
  ),
  limits: Limits.optional().describe(
    '`{ maxTurns, maxSteps, maxCostUsd, approvalMinutes }`: turns and money of the session, model calls of a turn, how long a tool call waits for a person',
  ),
};
export const Settings = z.strictObject(settableShape);
export type Settings = z.infer<typeof Settings>;

export interface Counters {
  readonly numTurns: number;
  readonly messageCount: number;
  readonly toolCallCount: number;
  readonly errorCount: number;
  readonly retryCount: number;
}

/** Side transcripts of one session: listing them reads a record of each. */
export const MAX_SIDE_TRANSCRIPTS = 10_000;

export interface Head extends Omit<Settings, 'tags'>, Counters {
  readonly key: SessionKey;
  /** Commits of this session; 0 is the version of a session that does not exist. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly importedAtMs?: number | undefined;
  /** When its first turn began; absent: none has. */
  readonly startedAtMs?: number | undefined;
  /** When it ended; absent while it has not. */
  readonly completedAtMs?: number | undefined;
  readonly status: Status;
  readonly tags: readonly string[];
  /** Last `seq` of the main transcript. */
  readonly seq: number;
  /** Side transcripts that the session has. */
  readonly sideTranscripts: number;
  readonly usage: Usage;
  /** The known part of the cost, in nano-dollars. */
  readonly costNanoUsd: number;
  /** Answers by models without a price: while there are any, the total is not known. */
  readonly unpricedAnswers: number;
  /** What the sessions before a fork had cost when it was made; not part of its own cost. */
  readonly inheritedCostNanoUsd: number;
  /** Tool calls that were decided about. */
  readonly permissionCheckCount?: number | undefined;
  /** Hooks that ran for it. */
  readonly hookExecutionCount?: number | undefined;
  /** How long its turns have run that are closed, in milliseconds; absent: none has. */
  readonly runMs?: number | undefined;
  /** Tool calls that have run to their end, and how long, each by itself, in milliseconds. */
  readonly toolRuns?: number | undefined;
  readonly toolMs?: number | undefined;
  /** Of its series (`metrics.ts`): the last one's number, and when it was taken. */
  readonly snapshots?: number | undefined;
  readonly snapshotAtMs?: number | undefined;
  /** What it remembers for its tools. */
  readonly toolMemory?: ToolMemory | undefined;
  /** Who has answered so far; absent before the first native answer. */
  readonly provider?: Provider | undefined;
  readonly parent?: { readonly sessionId: string; readonly seq: number } | undefined;
  /** It is the sub-agent of another session's tool call; nothing to do with forks. */
  readonly childOf?: ChildOf | undefined;
  /** What a fork shares with those before it: see `segments.ts`. */
  readonly segments?: readonly Segment[] | undefined;
  readonly compaction?: Compaction | undefined;
  /** Which results of tools are out of view; absent: none are. */
  readonly clearing?: Clearing | undefined;
  /** Two programs have gone on with it, each in its own way; absent: that is not so. */
  readonly branches?: Branches | undefined;
  /** What the last model call has shown of how many tokens its messages are. */
  readonly contextUse?: ContextUse | undefined;
  readonly gitBranch?: string | undefined;
  /** Under which project the Agent SDK lists it, as stored (`mirror-key.ts`); absent without a main transcript. */
  readonly projectKey?: string | undefined;
  /** The logged output tokens of this import are known to be too low. */
  readonly outputUnderReported?: boolean | undefined;
  readonly lastError?: TurnError | undefined;
  /** The known part of what its sub-agents have cost, and theirs: money of its own limits. Absent: nothing. */
  readonly childrenCostNanoUsd?: number | undefined;
  /** Tools that its model has found by searching, at most `MAX_TOOLS_USED`; absent: none. */
  readonly toolsFound?: readonly string[] | undefined;
  /** The API's id of the last answer, where it is asked about its cache. */
  readonly lastAnswerId?: string | undefined;
  /** Where the API has run code for it last, while that is there; a fork begins without. Absent: nowhere. */
  readonly container?: Container | undefined;
  /** Names of the tools that were used, also by sub-agents (`tools-used.ts`); absent: none. */
  readonly toolsUsed?: readonly string[] | undefined;
  /** Its archive; absent: it has none. */
  readonly archiveId?: string | undefined;
  /** The run of a task that it is; absent: it is none. */
  readonly execution?: Execution | undefined;
  readonly classic?: ClassicFacts | undefined;
  /** How far the import of an export that makes this session has come, or that it is done. */
  readonly transfer?: Transfer | undefined;
  /** Responses that were given up and that the other session may not count yet; absent: there are none. */
  readonly offers?: readonly Offer[] | undefined;
  /** Open turns in order of acceptance: the first may be running, the others are queued. */
  readonly openTurns: readonly OpenTurn[];
  /** Turns that begin at a time, in order of acceptance; absent: there are none. */
  readonly delayed?: readonly DelayedTurn[] | undefined;
}

/** The call of the tool `Agent` that made the session. */
export interface ChildOf {
  readonly sessionId: string;
  readonly turnId: TurnId;
  readonly toolUseId: string;
  /** The kind of agent; absent: it was made before that was kept. */
  readonly agentType?: string;
  /** Calls one in the other: 1 for the sub-agent of a session that is none itself. */
  readonly depth: number;
}

/** The run of a task, in a session of its own. */
export interface Execution {
  readonly taskId: string;
  readonly turnId: TurnId;
  /** Of the task's template when the run began; absent: it has none. */
  readonly templateVersion?: number | undefined;
  /** The schedule that began it, and for which moment; absent: it was asked for. */
  readonly scheduleId?: string | undefined;
  readonly dueMs?: number | undefined;
  /** What the model said last, cut; absent: the run has not ended, or has failed. */
  readonly resultData?: string | undefined;
  readonly errorMessage?: string | undefined;
}

/** Longest `resultData`, in characters; all of it is in the transcript. */
export const MAX_RESULT_LENGTH = 4_000;

/** A response that was given up to another session, with what its owner was, so that it can be taken back. */
export interface Offer {
  readonly responseKey: string;
  /** The session with the better claim. */
  readonly to: string;
  readonly isCopy: boolean;
  readonly endsAtMs: number | null;
}

/**
 * The head of a session that nobody has changed yet. Fields that are not there yet have their places already:
 * so all heads of a daemon have one shape, and the engine copies and reads them many times faster than
 * objects that gained their fields one by one, each in an order of its own.
 */
export const newHead = (key: SessionKey, nowMs: number): Head =>
  copyOfHead({
    key,
    version: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    status: 'created',
    tags: [],
    seq: 0,
    sideTranscripts: 0,
    numTurns: 0,
    messageCount: 0,
    toolCallCount: 0,
    errorCount: 0,
    retryCount: 0,
    usage: emptyUsage,
    costNanoUsd: 0,
    unpricedAnswers: 0,
    inheritedCostNanoUsd: 0,
    openTurns: [],
  });

/**
 * Field by field, those without a value too, in this order: so all heads have one shape, and what the engine has compiled for
 * one does for all. A spread of so many fields takes twenty times as long, and each commit makes one.
 */
export const copyOfHead = (head: Head): Every<Head> => ({
  key: head.key,
  version: head.version,
  createdAtMs: head.createdAtMs,
  updatedAtMs: head.updatedAtMs,
  importedAtMs: head.importedAtMs,
  startedAtMs: head.startedAtMs,
  completedAtMs: head.completedAtMs,
  status: head.status,
  tags: head.tags,
  seq: head.seq,
  sideTranscripts: head.sideTranscripts,
  numTurns: head.numTurns,
  messageCount: head.messageCount,
  toolCallCount: head.toolCallCount,
  errorCount: head.errorCount,
  retryCount: head.retryCount,
  usage: head.usage,
  costNanoUsd: head.costNanoUsd,
  unpricedAnswers: head.unpricedAnswers,
  inheritedCostNanoUsd: head.inheritedCostNanoUsd,
  openTurns: head.openTurns,
  title: head.title,
  description: head.description,
  summary: head.summary,
  mode: head.mode,
  owner: head.owner,
  externalKey: head.externalKey,
  templateId: head.templateId,
  metadata: head.metadata,
  model: head.model,
  systemPrompt: head.systemPrompt,
  maxTokens: head.maxTokens,
  workingDirectory: head.workingDirectory,
  tools: head.tools,
  toolMemory: head.toolMemory,
  permissionCheckCount: head.permissionCheckCount,
  hookExecutionCount: head.hookExecutionCount,
  permissionMode: head.permissionMode,
  approvals: head.approvals,
  allowedTools: head.allowedTools,
  disallowedTools: head.disallowedTools,
  policies: head.policies,
  hooks: head.hooks,
  includePartialMessages: head.includePartialMessages,
  onBusy: head.onBusy,
  idleEndMinutes: head.idleEndMinutes,
  retry: head.retry,
  context: head.context,
  limits: head.limits,
  provider: head.provider,
  parent: head.parent,
  segments: head.segments,
  compaction: head.compaction,
  contextUse: head.contextUse,
  clearing: head.clearing,
  gitBranch: head.gitBranch,
  projectKey: head.projectKey,
  outputUnderReported: head.outputUnderReported,
  lastError: head.lastError,
  toolsUsed: head.toolsUsed,
  classic: head.classic,
  transfer: head.transfer,
  offers: head.offers,
  childOf: head.childOf,
  thinking: head.thinking,
  effort: head.effort,
  outputFormat: head.outputFormat,
  childrenCostNanoUsd: head.childrenCostNanoUsd,
  mcpServers: head.mcpServers,
  lastAnswerId: head.lastAnswerId,
  toolsFound: head.toolsFound,
  runMs: head.runMs,
  archiveId: head.archiveId,
  toolRuns: head.toolRuns,
  toolMs: head.toolMs,
  snapshots: head.snapshots,
  snapshotAtMs: head.snapshotAtMs,
  fallbackModel: head.fallbackModel,
  delayed: head.delayed,
  execution: head.execution,
  budget: head.budget,
  branches: head.branches,
  serverTools: head.serverTools,
  container: head.container,
});

/** A head as it was stored, in the shape of all others. */
export const storedHead = (fields: Head): Head => {
  const head = Object.assign(newHead(fields.key, fields.createdAtMs), fields);
  const { openTurns } = fields;
  return Array.isArray(openTurns) && openTurns.length > 0
    ? Object.assign(head, { openTurns: openTurns.map(storedTurn) })
    : head;
};

/** First `seq` that the model may still see: what is before it stands behind a summary, or was replaced. */
export const firstSeenSeq = ({ compaction, classic }: Head): number =>
  Math.max(compaction?.fromSeq ?? 1, (classic?.replacedThrough ?? 0) + 1);

export const mustBeAlive = (head: Head): void => {
  if (hasEnded(head))
    throw new GreenroomError('invalid_state', `the session is ${head.status}: reopen it first`, {
      details: { ended: head.status },
    });
};

/** Whether what a person would be asked is denied at once. A sub-agent's questions are its parent's: it is told which. */
export const deniesAsks = ({ approvals, mode, childOf }: Head): boolean =>
  approvals === undefined ? mode === 'background' && childOf === undefined : approvals === 'deny';
