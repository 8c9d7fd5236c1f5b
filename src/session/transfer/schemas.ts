/**
 * What the records of an export may be: what a client may set, and what this program itself could have written.
 * Every field that is known has its schema here, or this does not compile; what is not known is kept.
 */
import { z } from 'zod';
import type { OpenResponse } from '../../claude-code/response-key.ts';
import type { TranscriptFacts } from '../../claude-code/transcript-facts.ts';
import { answeringShape } from '../../model/answering.ts';
import { PlausibleCount, PlausibleMs, PlausibleNanoUsd } from '../../model/bound-schemas.ts';
import { MAX_BRANCH_SPANS } from '../../model/branches.ts';
import type { ClassicFacts } from '../../model/classic-facts.ts';
import type { ImportedEntry, MessageEntry, ViewEntry } from '../../model/entry.ts';
import { type Execution, settableShape } from '../../model/head.ts';
import { SessionId, TraceId, TurnId } from '../../model/id-schemas.ts';
import { tagKey } from '../../model/tag-key.ts';
import { isToolName, MAX_TOOLS_USED } from '../../model/tools-used.ts';
import {
  CLOSED_STATUSES,
  type ClosedTurn,
  MAX_CACHE_MISSES,
  OPEN_STATUSES,
  type OpenTurn,
  turnRequestShape,
} from '../../model/turn.ts';
import type { Usage } from '../../model/usage.ts';
import { STATUSES } from '../../model/words.ts';
import { isTag, MAX_TAGS } from '../../tags/tags.ts';
import { isStoredName } from '../mirror/mirror-key.ts';
import type { MirrorRecord } from '../mirror/mirror-record.ts';
import { isSummaryText } from '../mirror/session-summary.ts';
import {
  AUDIT_ACTIONS,
  type LifecycleRecord,
  type StreamRecord,
  TOOL_ACTIONS,
  type ToolRecord,
  type TurnAudit,
} from '../ports/journal.ts';
import type { ExportedHead } from './format.ts';

/** A schema for each field, whatever it takes. */
type Shape<T> = Record<keyof Required<T>, z.ZodType>;

const seq = z.int().min(1).max(0xffff_ffff);
const lastSeq = z.int().min(0).max(0xffff_ffff);
const name = z.string().max(10_000);
const anything = z.record(z.string(), z.unknown());
const provider = z.enum(['anthropic', 'rehearsal']);

const usage = z.strictObject({
  ...{ inputTokens: PlausibleCount, outputTokens: PlausibleCount },
  ...{ cacheCreationInputTokens: PlausibleCount, cacheCreation5mInputTokens: PlausibleCount },
  ...{ cacheCreation1hInputTokens: PlausibleCount, cacheReadInputTokens: PlausibleCount },
  ...{ webSearchRequests: PlausibleCount, webFetchRequests: PlausibleCount },
  thinkingTokens: PlausibleCount.optional(),
} satisfies Shape<Usage>);

const error = z.strictObject({ code: name, message: z.string(), retryable: z.boolean() });

// ── turns ────────────────────────────────────────────────────────────────────────────────────────

const turnFacts = {
  ...{ turnId: TurnId, seq: lastSeq, lastSeq, promptHash: z.string().regex(/^([0-9a-f]{16})?$/) },
  ...{ acceptedAtMs: PlausibleMs, startedAtMs: PlausibleMs.optional() },
  ...{ usage, costNanoUsd: PlausibleNanoUsd.nullable(), steps: PlausibleCount },
  ...{ attempt: z.int().min(1).max(1_000_000), retries: PlausibleCount },
  traceId: TraceId.optional(),
  cacheMisses: z
    .array(
      z.looseObject({
        type: name,
        missedInputTokens: PlausibleCount.optional(),
        costNanoUsd: PlausibleNanoUsd.nullable().optional(),
      }),
    )
    .max(MAX_CACHE_MISSES)
    .optional(),
};

const { model, maxSteps, maxCostUsd, includePartialMessages, metadata } = turnRequestShape;
const options = z.looseObject({
  ...{ model, maxSteps, maxCostUsd, includePartialMessages, metadata },
  ...answeringShape,
});

const Open = z.looseObject({
  ...turnFacts,
  ...{ status: z.enum(OPEN_STATUSES), options },
  ...{
    runs: PlausibleCount.optional(),
    phase: anything.optional(),
    stopBlocks: anything.optional(),
    yields: anything.optional(),
    childrenCostNanoUsd: PlausibleNanoUsd.optional(),
    room: anything.optional(),
  }, // older versions knew neither
} satisfies Shape<OpenTurn>);

export const Turn = z.looseObject({
  ...turnFacts,
  ...{ status: z.enum(CLOSED_STATUSES), finishedAtMs: PlausibleMs },
  ...{ stopReason: name.nullable(), error: error.optional() },
} satisfies Shape<ClosedTurn>);

// ── the session ──────────────────────────────────────────────────────────────────────────────────

const classic = z.looseObject({
  usage: z.record(z.string(), z.number()).optional(),
  compactionState: z
    .looseObject({
      lastCompactionTurn: z.int(),
      summary: z.string(),
      originalMessageIds: z.array(z.string()),
    })
    .optional(),
  replacedThrough: lastSeq.optional(),
} satisfies Shape<ClassicFacts>);

const isEachOnce = (names: readonly string[]): boolean =>
  new Set(names.map(tagKey)).size === names.length;
const toolsUsed = z
  .array(z.string().refine(isToolName, 'is no name of a tool'))
  .max(MAX_TOOLS_USED)
  .refine(isEachOnce, 'names a tool twice');

/** More may have waited nowhere. */
const MAX_OPEN_TURNS = 1_000;

const compaction = z.strictObject({
  ...{ seq, throughSeq: seq, fromSeq: seq, lastCompactionTurn: PlausibleCount },
  keptSeqs: z.array(seq).max(MAX_OPEN_TURNS).exactOptional(),
  isServers: z.literal(true).exactOptional(),
});
const clearing = z.looseObject({ throughSeq: seq, calls: PlausibleCount });
const span = z.strictObject({ fromSeq: seq, throughSeq: lastSeq.exactOptional() });

const branches = z
  .strictObject({
    chosen: seq,
    all: z
      .array(
        z.strictObject({
          ...{ number: seq, throughSeq: lastSeq.exactOptional() },
          spans: z.array(span).max(MAX_BRANCH_SPANS + 1),
          ...{ compaction: compaction.exactOptional(), clearing: clearing.exactOptional() },
        }),
      )
      .max(MAX_BRANCH_SPANS + 1),
  })
  .refine(({ chosen, all }) => all.some(({ number }) => number === chosen), 'has no such branch');

export const Session = z.looseObject({
  ...settableShape,
  ...{ createdAtMs: PlausibleMs, updatedAtMs: PlausibleMs, status: z.enum(STATUSES) },
  tags: z.array(z.string().refine(isTag, 'is no tag')).max(MAX_TAGS),
  ...{ startedAtMs: PlausibleMs.optional(), completedAtMs: PlausibleMs.optional() },
  ...{ seq: lastSeq, sideTranscripts: PlausibleCount },
  ...{ usage, costNanoUsd: PlausibleNanoUsd, inheritedCostNanoUsd: PlausibleNanoUsd },
  ...{ unpricedAnswers: PlausibleCount, numTurns: PlausibleCount, messageCount: PlausibleCount },
  ...{ toolCallCount: PlausibleCount, errorCount: PlausibleCount, retryCount: PlausibleCount },
  permissionCheckCount: PlausibleCount.optional(),
  hookExecutionCount: PlausibleCount.optional(),
  ...{ runMs: PlausibleCount.optional(), toolMs: PlausibleCount.optional() },
  toolRuns: PlausibleCount.optional(),
  childrenCostNanoUsd: PlausibleNanoUsd.optional(),
  toolMemory: anything.optional(), // of the machine that wrote it: nothing of it is taken
  provider: provider.optional(),
  parent: z.strictObject({ sessionId: SessionId, seq: lastSeq }).optional(),
  childOf: z
    .strictObject({
      ...{ sessionId: SessionId, turnId: TurnId, toolUseId: name },
      agentType: name.exactOptional(),
      depth: z.int().min(1).max(1_000),
    })
    .optional(),
  execution: z
    .strictObject({
      ...{ taskId: name, turnId: TurnId, templateVersion: PlausibleCount.optional() },
      ...{ scheduleId: name.optional(), dueMs: PlausibleMs.optional() },
      ...{ resultData: z.string().optional(), errorMessage: z.string().optional() },
    } satisfies Shape<Execution>)
    .optional(),
  compaction: compaction.optional(),
  clearing: clearing.optional(),
  contextUse: z
    .looseObject({
      ...{ tokens: PlausibleCount, bytes: PlausibleCount },
      windowTokens: PlausibleCount.optional(),
    })
    .optional(),
  branches: branches.optional(),
  gitBranch: name.optional(),
  projectKey: name.optional(),
  outputUnderReported: z.boolean().optional(),
  lastError: error.optional(),
  toolsUsed: toolsUsed.optional(),
  lastAnswerId: name.optional(),
  toolsFound: z.array(name).max(MAX_TOOLS_USED).optional(),
  classic: classic.optional(),
  openTurns: z.array(Open).max(MAX_OPEN_TURNS),
} satisfies Shape<ExportedHead>);

// ── its lines ────────────────────────────────────────────────────────────────────────────────────

const ofEntry = { seq, atMs: PlausibleMs };
/** Bytes: how they were read is looked at elsewhere. */
const body = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'is missing');

const View = z.discriminatedUnion('type', [
  z.looseObject({
    ...{ type: z.literal('compaction'), throughSeq: seq, summary: z.string() },
    ...{ fromSeq: seq.optional(), previousSeq: seq.optional(), turnId: TurnId.optional() },
    keptSeqs: z.array(seq).max(MAX_OPEN_TURNS).optional(),
    isServers: z.literal(true).optional(),
  }),
  z.looseObject({
    ...{ type: z.literal('rollback'), fromSeq: seq, throughSeq: seq, turnId: TurnId },
  }),
  z.looseObject({ type: z.literal('clearing'), throughSeq: seq }),
  z.looseObject({
    ...{ type: z.literal('repair'), afterSeq: seq, toolUseIds: z.array(z.string()) },
  }),
]);

export const EntryFacts = z.discriminatedUnion('kind', [
  z.looseObject({
    ...ofEntry,
    ...{ kind: z.literal('message'), role: z.enum(['user', 'assistant']), body },
    ...{ position: PlausibleCount.optional(), id: name.optional(), turnId: TurnId.optional() },
    ...{ isPartial: z.boolean().optional(), model: name.optional(), provider: provider.optional() },
    ...{ stopReason: name.nullable().optional(), usage: usage.optional() },
    costNanoUsd: PlausibleNanoUsd.nullable().optional(),
    ...{ extra: anything.optional(), typed: anything.optional() },
  } satisfies Shape<MessageEntry>),
  z.looseObject({ ...ofEntry, kind: z.literal('imported'), body } satisfies Shape<ImportedEntry>),
  z.looseObject({ ...ofEntry, kind: z.literal('view'), view: View } satisfies Shape<ViewEntry>),
]);

const counts = z.record(z.string(), PlausibleCount);
const text = z.string().nullable();

const openResponse = z.looseObject({
  ...{ messageId: name, promptTokens: name, root: name, rows: z.array(name).max(100) },
} satisfies Shape<OpenResponse>);

const facts = z.looseObject({
  ...{ lines: PlausibleCount, malformed: PlausibleCount, recovered: PlausibleCount },
  byType: counts,
  titles: z.looseObject({
    ...{ custom: z.string().optional(), ai: z.string().optional(), summary: z.string().optional() },
  }),
  openSummaries: z.array(z.looseObject({ leafUuid: z.string(), text: z.string() })).max(64),
  tags: z.array(z.string()),
  ...{ cwd: text, gitBranch: text },
  ...{ firstAtMs: PlausibleMs.nullable(), lastAtMs: PlausibleMs.nullable() },
  ...{ messageCount: PlausibleCount, sideMessageCount: PlausibleCount, numTurns: PlausibleCount },
  ...{ toolCallCount: PlausibleCount, errorCount: PlausibleCount },
  toolsUsed: toolsUsed.optional(),
  ...{ firstPrompt: text, model: text, isOutputUnderReported: z.boolean(), sessionIds: counts },
  ...{ otherSessionId: text, agentId: text, forkedFrom: text, continuedIn: text },
  ...{ promptLeafUuid: text, lastUuid: text, compactBoundaryLine: PlausibleCount.nullable() },
  // What an older version stored lacks these.
  implausible: PlausibleCount.optional(),
  openResponses: z.array(openResponse).max(100).optional(),
} satisfies Shape<TranscriptFacts>);

const mirror = z.looseObject({
  ...{ born: PlausibleCount, mtimeMs: PlausibleMs },
  summary: z.string().refine(isSummaryText, 'is no summary of a mirrored session').optional(),
} satisfies Shape<MirrorRecord>);

const digest = z.string().regex(/^([0-9a-f]{32})?$/);

/** `ImportedStream` of `import.ts`. */
const imported = z.looseObject({
  ...{ externalKey: name, digest, facts },
  fragments: z
    .array(z.looseObject({ lines: PlausibleCount, digest }))
    .max(100)
    .optional(),
  mirror: mirror.optional(),
});

/** As it is stored. */
export const Subpath = name.refine(isStoredName, 'is no name of a side transcript');

export const Stream = z.looseObject({
  ...{ subpath: Subpath, seq: lastSeq, imported: imported.optional() },
} satisfies Shape<StreamRecord>);

/** Of a SHA-256 in base64url. */
const HASH = /^[A-Za-z0-9_-]{43}$/;

const counted = z.looseObject({
  ...{ model: z.string(), usage, atMs: PlausibleMs.nullable() },
  ...{ costNanoUsd: PlausibleNanoUsd.nullable(), isSidechain: z.boolean() },
  ...{ isCopy: z.literal(true).optional(), isInherited: z.literal(true).optional() },
});

/** What was counted of a response, or the mark that a line is stored. */
export const Response = z
  .looseObject({
    responseKey: z.string().max(1_000),
    hashed: z.boolean().optional(),
    record: z.union([z.literal(true), counted]),
  })
  .refine(({ hashed, responseKey }) => hashed !== true || HASH.test(responseKey), 'is no hash');

const ofAudit = { atMs: PlausibleMs, by: name, details: anything.optional() };

export const Audit = z.discriminatedUnion('kind', [
  z.looseObject({
    ...{ kind: z.literal('lifecycle'), action: z.enum(AUDIT_ACTIONS) },
    ...ofAudit,
  } satisfies Shape<LifecycleRecord>),
  z.looseObject({
    ...{ kind: z.enum(['tool', 'permission', 'hook']), action: z.enum(TOOL_ACTIONS) },
    ...ofAudit,
  } satisfies Shape<ToolRecord>),
  z.looseObject({
    ...{ kind: z.literal('turn'), action: z.enum(CLOSED_STATUSES) },
    ...ofAudit,
  } satisfies Shape<TurnAudit>),
]);
