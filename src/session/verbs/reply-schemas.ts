/** What replies show: sessions, turns and entries on the wire, in camelCase, times as RFC 3339, money in dollars. */
import { z } from 'zod';
import type { ApiMessage } from '../../model/event.ts';
import { settableShape } from '../../model/head.ts';
import { CLOSED_STATUSES, OPEN_STATUSES, type TurnError } from '../../model/turn.ts';
import type { Usage } from '../../model/usage.ts';
import { MODES, STATUSES } from '../../model/words.ts';
import { WaitView } from './waits-for.ts';

const text = z.string();
const count = z.int().min(0);
const moment = z.iso.datetime();
const usd = z.number().min(0);
const names = z.array(text).readonly();

const UsageView = z.strictObject({
  inputTokens: count,
  outputTokens: count,
  cacheCreationInputTokens: count,
  cacheCreation5mInputTokens: count,
  cacheCreation1hInputTokens: count,
  cacheReadInputTokens: count,
  webSearchRequests: count,
  webFetchRequests: count,
  thinkingTokens: count.exactOptional(),
}) satisfies z.ZodType<Usage>;

const TurnErrorView = z.strictObject({
  code: text,
  message: text,
  retryable: z.boolean(),
}) satisfies z.ZodType<TurnError>;

const { tags: _, ...settingsShape } = settableShape;

export const SessionView = z.strictObject({
  ...settingsShape,
  sessionId: text,
  tenant: text,
  version: count,
  createdAt: moment,
  updatedAt: moment,
  importedAt: moment.exactOptional(),
  /** Of its first turn. */
  startedAt: moment.exactOptional(),
  /** Of its end; an ended session takes no turn until it is reopened. */
  completedAt: moment.exactOptional(),
  status: z.enum(STATUSES),
  tags: names,
  seq: count,
  numTurns: count,
  messageCount: count,
  toolCallCount: count,
  errorCount: count,
  retryCount: count,
  /** Tool calls that were decided about, and hooks that ran for it; absent: none. */
  permissionCheckCount: count.exactOptional(),
  hookExecutionCount: count.exactOptional(),
  sideTranscripts: count,
  usage: UsageView,
  /** null when some answer's price is unknown; the known part is then `knownCostUsd`. */
  totalCostUsd: usd.nullable(),
  knownCostUsd: usd.exactOptional(),
  provider: text.exactOptional(),
  parent: z.strictObject({ sessionId: text, seq: count }).exactOptional(),
  /** What the sessions before a fork had cost when it was made, wherever in them it begins; not part of `totalCostUsd`. */
  inheritedCostUsd: usd.exactOptional(),
  /** The compaction that the model's view begins with; its entry `seq` has the summary. */
  /** The call of the tool `Agent` that made it. */
  childOf: z
    .strictObject({
      ...{ sessionId: text, turnId: text, toolUseId: text, depth: count },
      agentType: text.exactOptional(),
    })
    .exactOptional(),
  compaction: z
    .strictObject({
      ...{ seq: count, throughSeq: count, fromSeq: count, lastCompactionTurn: count },
      keptSeqs: z.array(count).readonly().exactOptional(),
      isServers: z.literal(true).exactOptional(),
    })
    .exactOptional(),
  /** Two programs went on with it: the branch that the model sees, and all there are (`branches`). */
  branches: z
    .strictObject({
      chosen: count,
      numbers: z.array(count).readonly(),
      /** What the other program adds is in the model's view. */
      isOpen: z.boolean(),
    })
    .exactOptional(),
  /** What it waits for; only `get` says that, and of a session that waits. */
  waits: WaitView.exactOptional(),
  gitBranch: text.exactOptional(),
  projectKey: text.exactOptional(),
  outputUnderReported: z.boolean().exactOptional(),
  /** Names of the tools that it used, also by sub-agents: at most 200. */
  toolsUsed: names.exactOptional(),
  /** Its archive. */
  archiveId: text.exactOptional(),
  lastError: TurnErrorView.exactOptional(),
});
/** A session on the wire. */
export type SessionView = Readonly<z.output<typeof SessionView>>;

export const SessionSummary = z.strictObject({
  sessionId: text,
  tenant: text,
  version: count,
  title: text.exactOptional(),
  summary: text.exactOptional(),
  description: text.exactOptional(),
  tags: names,
  createdAt: moment,
  updatedAt: moment,
  importedAt: moment.exactOptional(),
  messageCount: count,
  numTurns: count,
  totalCostUsd: usd.nullable(),
  knownCostUsd: usd.exactOptional(),
  /** Of all its answers, the cache included. */
  tokens: count,
  /** Turns, model calls and tool uses that failed. */
  errorCount: count,
  model: text.exactOptional(),
  mode: z.enum(MODES),
  status: z.enum(STATUSES),
  workingDirectory: text.exactOptional(),
  permissionMode: text.exactOptional(),
  owner: text.exactOptional(),
  templateId: text.exactOptional(),
  externalKey: text.exactOptional(),
  projectKey: text.exactOptional(),
  parentId: text.exactOptional(),
  /** The session whose sub-agent it is. */
  childOf: text.exactOptional(),
  /** It stands in an archive. */
  hasArchive: z.literal(true).exactOptional(),
  /** Something of it waits for the answer of a person. */
  hasApproval: z.literal(true).exactOptional(),
});
/** A session in a search's answer: the same names, without the parts that are long. */
export type SessionSummary = Readonly<z.output<typeof SessionSummary>>;

export const FoundSession = SessionSummary.extend({
  /** Where it has the words that were asked for; `seq` is absent where that is its title, description or summary. */
  hit: z
    .strictObject({
      seq: z.int().min(1).exactOptional(),
      snippet: text,
      marks: z.array(z.tuple([count, count]).readonly()).readonly(),
    })
    .exactOptional(),
});
/** One that a search with words has found. */
export type FoundSession = Readonly<z.output<typeof FoundSession>>;

export const TurnView = z.strictObject({
  turnId: text,
  status: z.enum([...OPEN_STATUSES, ...CLOSED_STATUSES]),
  seq: count,
  lastSeq: count.exactOptional(),
  attempt: count,
  steps: count,
  retries: count,
  /** The trace of the request that was accepted; absent of a turn that is older than traces. */
  traceId: text.exactOptional(),
  stopReason: text.nullable(),
  usage: UsageView,
  costUsd: usd.nullable(),
  /** Why model calls of it did not read from the API's cache what the call before had left there, and what that cost: the first 20. */
  cacheMisses: z
    .array(
      z.strictObject({
        type: text,
        missedInputTokens: count.exactOptional(),
        costUsd: usd.nullable().exactOptional(),
      }),
    )
    .readonly()
    .exactOptional(),
  /** Why it failed; of a turn that waits: why its last model call did. */
  error: TurnErrorView.exactOptional(),
  acceptedAt: moment,
  startedAt: moment.exactOptional(),
  /** Of a turn that waits: when the next model call is made. */
  retryAt: moment.exactOptional(),
  /** Of a turn that is yet to begin: when it does. */
  deliverAt: moment.exactOptional(),
  finishedAt: moment.exactOptional(),
});
export type TurnView = Readonly<z.output<typeof TurnView>>;

const ApiMessageView = z.strictObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([text, z.array(z.looseObject({ type: text })).readonly()]),
}) satisfies z.ZodType<ApiMessage>;

const entryShape = {
  seq: count,
  at: moment,
  /** The session that wrote the entry, where a fork shares it. */
  origin: text.exactOptional(),
  /** The branch that it is of, where the model does not see that one. */
  branch: count.exactOptional(),
};

const MessageEntryView = z.strictObject({
  ...entryShape,
  type: z.literal('message'),
  message: ApiMessageView,
  id: text.exactOptional(),
  turnId: text.exactOptional(),
  isPartial: z.boolean().exactOptional(),
  model: text.exactOptional(),
  stopReason: text.nullable().exactOptional(),
  usage: UsageView.exactOptional(),
  costUsd: usd.nullable().exactOptional(),
});
export type MessageView = Readonly<z.output<typeof MessageEntryView>>;

export const EntryView = z.discriminatedUnion('type', [
  MessageEntryView,
  /** `line` is the parsed object, or the text itself where it is not JSON. */
  z.strictObject({ ...entryShape, type: z.literal('imported'), line: z.unknown() }),
  z.strictObject({ ...entryShape, type: z.literal('view'), view: z.unknown() }),
]);
export type EntryView = Readonly<z.output<typeof EntryView>>;

export const SessionReply = z.strictObject({ session: SessionView });
export const TurnReply = z.strictObject({ turn: TurnView });

/** Where the next page begins; absent: that was all. */
export const nextCursor = text.exactOptional();
