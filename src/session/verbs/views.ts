/** Records as the wire shows them: times as RFC 3339, money in dollars, never nano-dollars. */

import { type Branches, chosenBranch } from '../../model/branches.ts';
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Entry } from '../../model/entry.ts';
import type { ApiMessage } from '../../model/event.ts';
import { given } from '../../model/given.ts';
import type { Head } from '../../model/head.ts';
import { isTooDeep } from '../../model/json-depth.ts';
import { shownServers } from '../../model/mcp-servers.ts';
import { iso } from '../../model/moment.ts';
import { usdOf } from '../../model/money.ts';
import type { CacheMissed, TurnRecord } from '../../model/turn.ts';
import type {
  EntryView,
  MessageView,
  SessionSummary,
  SessionView,
  TurnView,
} from './reply-schemas.ts';

const isoIf = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : iso(ms);
const usd = (nanoUsd: number | null): number | null => (nanoUsd === null ? null : usdOf(nanoUsd));

/** Of all answers; null: a price is not known, and of the others that is `knownCost`. */
const totalCost = (nanoUsd: number, isPartial: boolean): number | null =>
  isPartial ? null : usdOf(nanoUsd);
const knownCost = (nanoUsd: number, isPartial: boolean): number | undefined =>
  isPartial ? usdOf(nanoUsd) : undefined;

/** Written out field by field, without a spread: each verb that changes a session answers with one. */
export const sessionView = (head: Head, waits?: SessionView['waits']): SessionView =>
  given<SessionView>({
    tenant: head.key.tenant,
    sessionId: head.key.sessionId,
    version: head.version,
    createdAt: iso(head.createdAtMs),
    updatedAt: iso(head.updatedAtMs),
    importedAt: isoIf(head.importedAtMs),
    startedAt: isoIf(head.startedAtMs),
    completedAt: isoIf(head.completedAtMs),
    status: head.status,
    title: head.title,
    description: head.description,
    summary: head.summary,
    tags: head.tags,
    mode: head.mode,
    owner: head.owner,
    externalKey: head.externalKey,
    templateId: head.templateId,
    metadata: head.metadata,
    model: head.model,
    fallbackModel: head.fallbackModel,
    systemPrompt: head.systemPrompt,
    maxTokens: head.maxTokens,
    thinking: head.thinking,
    effort: head.effort,
    outputFormat: head.outputFormat,
    workingDirectory: head.workingDirectory,
    tools: head.tools,
    serverTools: head.serverTools,
    permissionMode: head.permissionMode,
    approvals: head.approvals,
    allowedTools: head.allowedTools,
    disallowedTools: head.disallowedTools,
    policies: head.policies,
    mcpServers: head.mcpServers && shownServers(head.mcpServers),
    hooks: head.hooks,
    includePartialMessages: head.includePartialMessages,
    onBusy: head.onBusy,
    idleEndMinutes: head.idleEndMinutes,
    retry: head.retry,
    context: head.context,
    limits: head.limits,
    budget: head.budget,
    seq: head.seq,
    numTurns: head.numTurns,
    messageCount: head.messageCount,
    toolCallCount: head.toolCallCount,
    errorCount: head.errorCount,
    retryCount: head.retryCount,
    permissionCheckCount: head.permissionCheckCount,
    hookExecutionCount: head.hookExecutionCount,
    sideTranscripts: head.sideTranscripts,
    usage: head.usage,
    totalCostUsd: totalCost(head.costNanoUsd, head.unpricedAnswers > 0),
    knownCostUsd: knownCost(head.costNanoUsd, head.unpricedAnswers > 0),
    inheritedCostUsd: head.inheritedCostNanoUsd > 0 ? usdOf(head.inheritedCostNanoUsd) : undefined,
    provider: head.provider,
    parent: head.parent,
    childOf: head.childOf,
    compaction: head.compaction,
    branches: head.branches && branchesView(head.branches),
    waits,
    gitBranch: head.gitBranch,
    projectKey: head.projectKey,
    outputUnderReported: head.outputUnderReported,
    toolsUsed: head.toolsUsed,
    archiveId: head.archiveId,
    lastError: head.lastError,
  });

const branchesView = ({ chosen, all }: Branches) => ({
  chosen,
  numbers: all.map(({ number }) => number),
  isOpen: chosenBranch({ chosen, all }).throughSeq === undefined,
});

export const summaryView = (row: CatalogRow): SessionSummary =>
  given<SessionSummary>({
    tenant: row.key.tenant,
    sessionId: row.key.sessionId,
    version: row.version,
    createdAt: iso(row.createdAtMs),
    updatedAt: iso(row.updatedAtMs),
    importedAt: isoIf(row.importedAtMs),
    status: row.status,
    mode: row.mode,
    title: row.title,
    summary: row.summary,
    description: row.description,
    tags: row.tags,
    messageCount: row.messageCount,
    numTurns: row.numTurns,
    totalCostUsd: totalCost(row.costNanoUsd, row.costIsPartial),
    knownCostUsd: knownCost(row.costNanoUsd, row.costIsPartial),
    tokens: row.tokens,
    errorCount: row.errorCount,
    model: row.model,
    workingDirectory: row.workingDirectory,
    permissionMode: row.permissionMode,
    owner: row.owner,
    templateId: row.templateId,
    externalKey: row.externalKey,
    projectKey: row.projectKey,
    parentId: row.parentId,
    childOf: row.childOf,
    hasArchive: row.hasArchive,
    hasApproval: row.hasApproval === true ? true : undefined,
  });

export const turnView = (turn: TurnRecord): TurnView => {
  const closed = 'finishedAtMs' in turn ? turn : undefined;
  const waiting =
    turn.status === 'waiting' && turn.phase.kind === 'waiting' ? turn.phase : undefined;
  return given<TurnView>({
    turnId: turn.turnId,
    status: turn.status,
    seq: turn.seq,
    lastSeq: turn.lastSeq,
    attempt: turn.attempt,
    steps: turn.steps,
    retries: turn.retries,
    traceId: turn.traceId,
    usage: turn.usage,
    stopReason: closed?.stopReason ?? null,
    costUsd: usd(turn.costNanoUsd),
    cacheMisses: turn.cacheMisses?.map(missView),
    error: closed?.error ?? waiting?.error,
    acceptedAt: iso(turn.acceptedAtMs),
    startedAt: isoIf(turn.startedAtMs),
    retryAt: isoIf(waiting?.dueMs),
    deliverAt: isoIf('dueMs' in turn ? turn.dueMs : undefined),
    finishedAt: isoIf(closed?.finishedAtMs),
  });
};

const missView = ({ type, missedInputTokens, costNanoUsd }: CacheMissed) =>
  given<NonNullable<TurnView['cacheMisses']>[number]>({
    ...{ type, missedInputTokens },
    costUsd: costNanoUsd === undefined ? undefined : usd(costNanoUsd),
  });

const text = (body: Uint8Array): string =>
  Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();

const parsedOrText = (body: Uint8Array): unknown => {
  if (isTooDeep(body)) return text(body);
  try {
    return JSON.parse(text(body));
  } catch {
    return text(body);
  }
};

export const entryView = (entry: Entry): EntryView => {
  const base = { seq: entry.seq, at: iso(entry.atMs) };
  switch (entry.kind) {
    case 'view':
      return { ...base, type: 'view', view: entry.view };
    case 'imported':
      return { ...base, type: 'imported', line: parsedOrText(entry.body) };
    case 'message':
      return given<Omit<MessageView, 'origin' | 'branch'>>({
        ...base,
        type: 'message',
        message: JSON.parse(text(entry.body)) as ApiMessage,
        id: entry.id,
        turnId: entry.turnId,
        isPartial: entry.isPartial,
        model: entry.model,
        stopReason: entry.stopReason,
        usage: entry.usage,
        costUsd: entry.costNanoUsd === undefined ? undefined : usd(entry.costNanoUsd),
      });
  }
};
