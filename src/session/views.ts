/** Records as the wire shows them: times as RFC 3339, money in dollars, never nano-dollars. */
import type { EntryView, SessionSummary, SessionView, TurnView } from './api.ts';
import type { Entry } from './entry.ts';
import type { ApiMessage } from './event.ts';
import { type Head, settableShape } from './head.ts';
import { usdOf } from './pricing/money.ts';
import type { SummaryRow } from './summary.ts';
import type { TurnRecord } from './turn.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();
const usd = (nanoUsd: number | null): number | null => (nanoUsd === null ? null : usdOf(nanoUsd));

/** The object without its undefined fields, so that optional fields are absent rather than undefined. */
const given = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

const cost = (record: { costNanoUsd: number; costIsPartial: boolean }) =>
  record.costIsPartial
    ? { totalCostUsd: null, knownCostUsd: usdOf(record.costNanoUsd) }
    : { totalCostUsd: usdOf(record.costNanoUsd) };

const SETTABLE = Object.keys(settableShape) as (keyof typeof settableShape)[];
const PLAIN = [
  'version',
  'status',
  'seq',
  'numTurns',
  'messageCount',
  'toolCallCount',
  'errorCount',
  'retryCount',
  'sideTranscripts',
  'usage',
  'provider',
  'parent',
  'compaction',
  'gitBranch',
  'projectKey',
  'outputUnderReported',
  'lastError',
] as const;

export const sessionView = (head: Head): SessionView => {
  const view: Record<string, unknown> = { ...head.key };
  for (const field of [...SETTABLE, ...PLAIN])
    if (head[field] !== undefined) view[field] = head[field];
  return {
    ...view,
    createdAt: iso(head.createdAtMs),
    updatedAt: iso(head.updatedAtMs),
    ...(head.importedAtMs === undefined ? {} : { importedAt: iso(head.importedAtMs) }),
    ...cost({ costNanoUsd: head.costNanoUsd, costIsPartial: head.unpricedAnswers > 0 }),
    ...(head.inheritedCostNanoUsd === 0
      ? {}
      : { inheritedCostUsd: usdOf(head.inheritedCostNanoUsd) }),
  } as SessionView;
};

export const summaryView = (row: SummaryRow): SessionSummary => {
  const {
    key,
    createdAtMs,
    updatedAtMs,
    importedAtMs,
    costNanoUsd,
    costIsPartial,
    openTurns,
    ...rest
  } = row;
  return given({
    ...key,
    ...rest,
    createdAt: iso(createdAtMs),
    updatedAt: iso(updatedAtMs),
    importedAt: importedAtMs === undefined ? undefined : iso(importedAtMs),
    ...cost({ costNanoUsd, costIsPartial }),
  });
};

export const turnView = (turn: TurnRecord): TurnView => {
  const { turnId, status, seq, lastSeq, attempt, steps, retries, usage } = turn;
  const closed = 'finishedAtMs' in turn ? turn : undefined;
  return given({
    ...{ turnId, status, seq, lastSeq, attempt, steps, retries, usage },
    stopReason: closed?.stopReason ?? null,
    costUsd: usd(turn.costNanoUsd),
    error: closed?.error,
    acceptedAt: iso(turn.acceptedAtMs),
    startedAt: turn.startedAtMs === undefined ? undefined : iso(turn.startedAtMs),
    finishedAt: closed === undefined ? undefined : iso(closed.finishedAtMs),
  }) as TurnView;
};

const text = (body: Uint8Array): string =>
  Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();

const parsedOrText = (body: Uint8Array): unknown => {
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
    case 'message': {
      const { id, turnId, isPartial, model, stopReason, usage, costNanoUsd } = entry;
      const costUsd = costNanoUsd === undefined ? undefined : usd(costNanoUsd);
      const message = JSON.parse(text(entry.body)) as ApiMessage;
      const facts = given({ id, turnId, isPartial, model, stopReason, usage, costUsd });
      return { ...base, type: 'message', message, ...facts } as EntryView;
    }
  }
};
