/**
 * The summary row: what search knows of a session, one small record per session, derived from its
 * head in the same commit, so that the two cannot disagree.
 */
import type { Head, Mode, Status } from './head.ts';
import type { SessionKey } from './ids.ts';

export interface SummaryRow {
  readonly key: SessionKey;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly importedAtMs?: number;
  readonly status: Status;
  readonly mode: Mode;
  readonly title?: string;
  /** At most 200 characters. */
  readonly summary?: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly messageCount: number;
  readonly numTurns: number;
  readonly costNanoUsd: number;
  readonly costIsPartial: boolean;
  readonly model?: string;
  readonly workingDirectory?: string;
  readonly permissionMode?: string;
  readonly owner?: string;
  readonly templateId?: string;
  readonly externalKey?: string;
  /** Of a mirrored session with a main transcript: the Agent SDK's project, as stored. */
  readonly projectKey?: string;
  readonly parentId?: string;
  readonly openTurns: number;
}

/** Longest `summary` and `description` in a row, in characters. */
export const SUMMARY_LENGTH = 200;

const short = (text: string | undefined): string | undefined => text?.slice(0, SUMMARY_LENGTH);

const OPTIONAL = [
  'importedAtMs',
  'title',
  'model',
  'workingDirectory',
  'permissionMode',
  'owner',
  'templateId',
  'externalKey',
  'projectKey',
] as const;

export const summaryOf = (head: Head): SummaryRow => {
  const row: Record<string, unknown> = {
    key: head.key,
    version: head.version,
    createdAtMs: head.createdAtMs,
    updatedAtMs: head.updatedAtMs,
    status: head.status,
    mode: head.mode ?? 'interactive',
    tags: head.tags,
    messageCount: head.messageCount,
    numTurns: head.numTurns,
    costNanoUsd: head.costNanoUsd,
    costIsPartial: head.unpricedAnswers > 0,
    openTurns: head.openTurns.length,
  };
  for (const field of OPTIONAL) if (head[field] !== undefined) row[field] = head[field];
  const texts = {
    summary: short(head.summary),
    description: short(head.description),
    parentId: head.parent?.sessionId,
  };
  for (const [field, text] of Object.entries(texts)) if (text !== undefined) row[field] = text;
  return row as unknown as SummaryRow;
};
