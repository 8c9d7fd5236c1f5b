/**
 * The catalog row: what search knows of a session, one small record per session, derived from its
 * head in the same commit, so that the two cannot disagree.
 */

import { isAsking } from './asking.ts';
import { wellCut } from './bounds.ts';
import type { Head } from './head.ts';
import type { SessionKey } from './ids.ts';
import { totalTokens } from './usage.ts';
import { isAtTurn, type Mode, type Status } from './words.ts';

export interface CatalogRow {
  readonly key: SessionKey;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly importedAtMs?: number | undefined;
  readonly status: Status;
  readonly mode: Mode;
  readonly title?: string | undefined;
  /** At most 200 characters. */
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly tags: readonly string[];
  readonly messageCount: number;
  readonly numTurns: number;
  readonly costNanoUsd: number;
  readonly costIsPartial: boolean;
  readonly model?: string | undefined;
  readonly workingDirectory?: string | undefined;
  readonly permissionMode?: string | undefined;
  readonly owner?: string | undefined;
  readonly templateId?: string | undefined;
  readonly externalKey?: string | undefined;
  /** Of a mirrored session with a main transcript: the Agent SDK's project, as stored. */
  readonly projectKey?: string | undefined;
  readonly parentId?: string | undefined;
  /** The session whose sub-agent it is. */
  readonly childOf?: string | undefined;
  /** Those that are yet to begin too. */
  readonly openTurns: number;
  /** Turns, model calls and tool uses that failed. */
  readonly errorCount: number;
  /** Tokens of all its answers: input, written to and read from the cache, output. */
  readonly tokens: number;
  /** Names of the tools that it used; absent: none. */
  readonly toolsUsed?: readonly string[] | undefined;
  /** Whether it stands in an archive; absent: it does not. */
  readonly hasArchive?: true | undefined;
  /** Whether something of it waits for a person's answer; absent: it is at no turn, so nothing can. */
  readonly hasApproval?: boolean | undefined;
  /** Responses that it offers to other sessions; absent: none. */
  readonly offers?: number | undefined;
}

/** Longest `summary` and `description` in a row, in characters. */
export const SUMMARY_LENGTH = 200;

const short = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : wellCut(text, SUMMARY_LENGTH);

/** One shape for all, so that whoever reads rows by the thousand meets one kind of object. */
export const catalogRowOf = (head: Head): CatalogRow => ({
  key: head.key,
  version: head.version,
  createdAtMs: head.createdAtMs,
  updatedAtMs: head.updatedAtMs,
  importedAtMs: head.importedAtMs,
  status: head.status,
  mode: head.mode ?? 'interactive',
  title: head.title,
  summary: short(head.summary),
  description: short(head.description),
  tags: head.tags,
  messageCount: head.messageCount,
  numTurns: head.numTurns,
  costNanoUsd: head.costNanoUsd,
  costIsPartial: head.unpricedAnswers > 0,
  model: head.model,
  workingDirectory: head.workingDirectory,
  permissionMode: head.permissionMode,
  owner: head.owner,
  templateId: head.templateId,
  externalKey: head.externalKey,
  projectKey: head.projectKey,
  parentId: head.parent?.sessionId,
  openTurns: head.openTurns.length + (head.delayed?.length ?? 0),
  errorCount: head.errorCount,
  tokens: totalTokens(head.usage),
  toolsUsed: head.toolsUsed,
  offers: head.offers?.length,
  hasArchive: head.archiveId === undefined ? undefined : true,
  childOf: head.childOf?.sessionId,
  hasApproval: isAtTurn(head.status) ? isAsking(head.openTurns[0]) : undefined,
});
