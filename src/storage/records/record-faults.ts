/**
 * Why a record cannot be shown or worked with, though its bytes are whole: an older version, or another program,
 * stored what nobody can read. Looked at before a record is written, and whenever one is read, so that it costs
 * itself alone; hence by hand, and not by schemas. undefined: nothing is wrong with it.
 */

import type { Tally } from '../../model/budget.ts';
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Entry } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import type { MetricsPoint } from '../../model/metrics.ts';
import type { OpenTurn, TurnRecord } from '../../model/turn.ts';
import { STATUSES } from '../../model/words.ts';
import { isSummaryText } from '../../session/mirror/session-summary.ts';
import type { AuditRecord, StreamRecord } from '../../session/ports/journal.ts';

/** The last moment that has a date. */
const LAST_MS = 8_640_000_000_000_000;

const isMoment = (value: unknown): boolean =>
  typeof value === 'number' && value >= -LAST_MS && value <= LAST_MS;
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const MOMENTS = ['createdAtMs', 'updatedAtMs'] as const;
const COUNTERS = ['version', 'messageCount', 'numTurns', 'costNanoUsd'] as const;
const TEXTS = [
  ...(['title', 'summary', 'description', 'model', 'workingDirectory', 'permissionMode'] as const),
  ...(['owner', 'templateId', 'externalKey', 'projectKey', 'mode'] as const),
] as const satisfies readonly (keyof Head & keyof CatalogRow)[];

/** Of what a head and its row have in common. */
const faultInCommon = (record: Head | CatalogRow): string | undefined => {
  for (const field of MOMENTS) if (!isMoment(record[field])) return told(field, record[field]);
  for (const field of COUNTERS) if (!isNumber(record[field])) return told(field, record[field]);
  for (const field of TEXTS)
    if (record[field] !== undefined && !isText(record[field])) return told(field, record[field]);
  const { importedAtMs, status, tags } = record;
  if (importedAtMs !== undefined && !isMoment(importedAtMs))
    return told('importedAtMs', importedAtMs);
  if (!STATUSES.includes(status)) return told('status', status);
  return isTexts(tags) ? undefined : told('tags', tags);
};

export const faultOfRow = (row: CatalogRow): string | undefined =>
  faultInCommon(row) ??
  (isNumber(row.openTurns) ? undefined : told('openTurns', row.openTurns)) ??
  (isNumber(row.errorCount) ? undefined : told('errorCount', row.errorCount)) ??
  (isNumber(row.tokens) ? undefined : told('tokens', row.tokens)) ??
  (isTexts(row.toolsUsed ?? []) ? undefined : told('toolsUsed', row.toolsUsed)) ??
  (isNumber(row.offers ?? 0) ? undefined : told('offers', row.offers)) ??
  (typeof (row.hasApproval ?? true) === 'boolean'
    ? undefined
    : told('hasApproval', row.hasApproval));

const HEAD_NUMBERS = [
  ...(['seq', 'sideTranscripts', 'unpricedAnswers', 'inheritedCostNanoUsd'] as const),
  ...(['toolCallCount', 'errorCount', 'retryCount'] as const),
] as const;
const HEAD_MOMENTS = ['startedAtMs', 'completedAtMs', 'snapshotAtMs'] as const;
const HEAD_COUNTS = ['runMs', 'toolRuns', 'toolMs', 'snapshots'] as const;
const HEAD_TEXTS = [
  ...(['provider', 'systemPrompt', 'gitBranch', 'onBusy', 'effort', 'fallbackModel'] as const),
  ...(['lastAnswerId', 'approvals'] as const),
] as const;
const HEAD_OBJECTS = [
  ...(['parent', 'compaction', 'retry', 'limits', 'metadata'] as const),
  ...(['lastError', 'classic', 'transfer', 'toolMemory', 'childOf'] as const),
  ...(['thinking', 'outputFormat', 'mcpServers', 'context', 'contextUse', 'clearing'] as const),
  ...(['execution', 'branches', 'container'] as const),
] as const;
const HEAD_LISTS = [
  'tools',
  'allowedTools',
  'disallowedTools',
  'policies',
  'hooks',
  'toolsUsed',
  'toolsFound',
] as const;

export const faultOfHead = (head: Head): string | undefined => {
  const common = faultInCommon(head);
  if (common !== undefined) return common;
  for (const field of HEAD_NUMBERS) if (!isNumber(head[field])) return told(field, head[field]);
  for (const field of HEAD_COUNTS) if (!isNumber(head[field] ?? 0)) return told(field, head[field]);
  for (const field of HEAD_MOMENTS)
    if (head[field] !== undefined && !isMoment(head[field])) return told(field, head[field]);
  if (!isUsage(head.usage)) return told('usage', head.usage);
  for (const field of HEAD_TEXTS)
    if (head[field] !== undefined && !isText(head[field])) return told(field, head[field]);
  for (const field of HEAD_OBJECTS)
    if (head[field] !== undefined && !isObject(head[field])) return told(field, head[field]);
  for (const field of HEAD_LISTS)
    if (head[field] !== undefined && !isTexts(head[field])) return told(field, head[field]);
  const { openTurns, delayed = [], segments, offers, serverTools = [] } = head;
  if (segments !== undefined && !Array.isArray(segments)) return told('segments', segments);
  if (offers !== undefined && !Array.isArray(offers)) return told('offers', offers);
  if (!Array.isArray(serverTools) || !serverTools.every(isObject))
    return told('serverTools', serverTools);
  if (!Array.isArray(openTurns)) return told('openTurns', openTurns);
  if (!Array.isArray(delayed)) return told('delayed', delayed);
  for (const turn of delayed) if (!isMoment(turn.dueMs)) return told('dueMs', turn.dueMs);
  for (const turn of [...openTurns, ...delayed]) {
    const fault = faultOfTurn(turn);
    if (fault !== undefined) return `openTurns: ${fault}`;
  }
  return undefined;
};

export const faultOfTurn = (turn: TurnRecord): string | undefined => {
  if (!isObject(turn)) return told('turn', turn);
  const { turnId, status, acceptedAtMs, startedAtMs, costNanoUsd, usage } = turn;
  if (!isText(turnId)) return told('turnId', turnId);
  if (!isText(status)) return told('status', status);
  if (!isMoment(acceptedAtMs)) return told('acceptedAtMs', acceptedAtMs);
  if (startedAtMs !== undefined && !isMoment(startedAtMs)) return told('startedAtMs', startedAtMs);
  if ('finishedAtMs' in turn && !isMoment(turn.finishedAtMs))
    return told('finishedAtMs', turn.finishedAtMs);
  if (costNanoUsd !== null && !isNumber(costNanoUsd)) return told('costNanoUsd', costNanoUsd);
  for (const field of ['seq', 'lastSeq', 'steps', 'attempt', 'retries'] as const)
    if (!isNumber(turn[field])) return told(field, turn[field]);
  if (turn.traceId !== undefined && !isText(turn.traceId)) return told('traceId', turn.traceId);
  if ('options' in turn) {
    const fault = faultOfCourse(turn);
    if (fault !== undefined) return fault;
  }
  return isUsage(usage) ? undefined : told('usage', usage);
};

const isSoundPhase = (phase: NonNullable<OpenTurn['phase']>): boolean => {
  if (phase.kind === 'model' || phase.kind === 'reserve')
    return isNumber(phase.run) && isNumber(phase.tried ?? 0);
  if (phase.kind === 'budget')
    return isNumber(phase.run) && isMoment(phase.atMs) && isText(phase.tally);
  if (phase.kind === 'hooks') return isNumber(phase.run) && isText(phase.event);
  if (phase.kind === 'tools')
    return isNumber(phase.run) && isNumber(phase.answerSeq) && isCalls(phase.calls);
  if (phase.kind !== 'waiting' || phase.for !== 'retry') return false;
  return isMoment(phase.dueMs) && isNumber(phase.tried) && isObject(phase.error);
};

const isCalls = (calls: unknown): boolean =>
  Array.isArray(calls) &&
  calls.every(
    (call) => isObject(call) && isText(call.toolUseId) && isText(call.name) && isText(call.state),
  );

/** Of what only an open turn has. */
const faultOfCourse = ({ options, runs, status, phase }: OpenTurn): string | undefined => {
  if (!isObject(options)) return told('options', options);
  if (!isNumber(runs)) return told('runs', runs);
  if (status === 'queued') return undefined;
  return isObject(phase) && isSoundPhase(phase) ? undefined : told('phase', phase);
};

const isUsage = (usage: unknown): boolean => isObject(usage) && !Array.isArray(usage);

export const faultOfEntry = (entry: Entry): string | undefined => {
  if (!isMoment(entry.atMs)) return told('atMs', entry.atMs);
  if (!isNumber(entry.seq)) return told('seq', entry.seq);
  if (entry.kind === 'imported') return undefined;
  if (entry.kind === 'view') return isObject(entry.view) ? undefined : told('view', entry.view);
  const { kind, role, costNanoUsd } = entry;
  if (kind !== 'message') return told('kind', kind);
  if (role !== 'user' && role !== 'assistant') return told('role', role);
  return costNanoUsd === undefined || costNanoUsd === null || isNumber(costNanoUsd)
    ? undefined
    : told('costNanoUsd', costNanoUsd);
};

export const faultOfAudit = (record: AuditRecord): string | undefined => {
  if (!isObject(record)) return told('audit', record);
  if (!isText(record.action)) return told('action', record.action);
  return isMoment(record.atMs) ? undefined : told('atMs', record.atMs);
};

export const faultOfPoint = ({
  atMs,
  costNanoUsd,
  ...counts
}: MetricsPoint): string | undefined => {
  if (!isMoment(atMs)) return told('atMs', atMs);
  if (costNanoUsd !== null && !isNumber(costNanoUsd)) return told('costNanoUsd', costNanoUsd);
  for (const [field, value] of Object.entries(counts))
    if (!isNumber(value)) return told(field, value);
  return undefined;
};

export const faultOfStream = (stream: StreamRecord): string | undefined => {
  if (!isObject(stream) || !isText(stream.subpath)) return told('subpath', stream?.subpath);
  if (!isNumber(stream.seq)) return told('seq', stream.seq);
  const { summary } = (stream.imported as StoredImport | undefined)?.mirror ?? {};
  if (summary === undefined || (typeof summary === 'string' && isSummaryText(summary)))
    return undefined;
  return told('imported.mirror.summary', summary);
};

export const faultOfTally = (tally: Tally): string | undefined => {
  for (const field of ['spent', 'estimated', 'reserved', 'extra'] as const)
    if (!isNumber(tally[field])) return told(field, tally[field]);
  return undefined;
};

/** What others rely on of what the importer notes, which is opaque to the journal. */
interface StoredImport {
  readonly mirror?: { readonly summary?: unknown };
}

const told = (field: string, value: unknown): string =>
  `holds a wrong ${field}: ${String(JSON.stringify(value)).slice(0, 60)}`;
