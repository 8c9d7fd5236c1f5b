/**
 * How the record of this store's backups goes on: when it is prepared, asked for a backup, and when one was made, was not needed, or
 * has failed. Pure.
 *
 * What fails for a reason that may pass is tried again, later each time; else, or after so many times, it has failed, and the next
 * one is due as if it had not.
 */
import { codeOf, ERRORS, type ErrorCode } from '../model/errors.ts';
import { NEVER_MS } from '../session/ports/archives.ts';
import type { LastBackup, StoredBackups, StoreMark } from '../session/ports/backups.ts';
import type { KnownBackups } from './backup-record.ts';

const MAX_TRIES = 8;
const FIRST_DELAY_MS = 5_000;
const LONGEST_DELAY_MS = 15 * 60_000;
/** Codes that pass though the table says otherwise: another works at the place, or we have failed. */
const PASSING: readonly ErrorCode[] = ['invalid_state', 'version_conflict', 'internal'];

/** The first moment behind this one when one is due, with the last made then; undefined: none is. */
export type Next = (lastMs: number) => number | undefined;

/** What is stored now; undefined: nothing. */
type Known = KnownBackups | undefined;

const recordOf = (known: Known, nowMs: number): StoredBackups =>
  known?.record ?? { status: 'idle', createdAtMs: nowMs, tried: 0 };

const dueAfter = (next: Next, lastMs: number): number => next(lastMs) ?? NEVER_MS;

/** A backup that was under way is due; else when the settings say, which may be others now. */
export const prepared = (known: Known, nowMs: number, next: Next): KnownBackups => {
  const record = recordOf(known, nowMs);
  const isAsked = record.status === 'pending' || record.status === 'in_progress';
  if (known !== undefined && isAsked) return { record, dueMs: Math.min(known.dueMs, nowMs) };
  // A clock that was wrong for a while must not put off all backups until then.
  const lookedMs = Math.max(
    record.last?.endedAtMs ?? record.createdAtMs,
    record.unchangedAtMs ?? 0,
  );
  return { record, dueMs: dueAfter(next, Math.min(lookedMs, nowMs)) };
};

/** One that is made already is what was asked for. */
export const requested = (known: Known, nowMs: number, by: string): KnownBackups => {
  const record = recordOf(known, nowMs);
  if (record.status === 'in_progress') return { record, dueMs: known?.dueMs ?? nowMs };
  return {
    record: { ...record, status: 'pending', by, tried: 0, error: undefined },
    dueMs: nowMs,
  };
};

/** @param askedBy who has asked for one meanwhile gets one. */
export const unchanged = (
  known: Known,
  nowMs: number,
  next: Next,
  askedBy: string | undefined,
): KnownBackups => {
  const record = {
    ...recordOf(known, nowMs),
    ...{ tried: 0, error: undefined, unchangedAtMs: nowMs },
  };
  return askedBy === undefined
    ? { record: { ...record, status: 'idle' }, dueMs: dueAfter(next, nowMs) }
    : { record: { ...record, status: 'pending', by: askedBy }, dueMs: nowMs };
};

export interface MadeBackup {
  readonly last: LastBackup;
  readonly by: string;
  /** Of the store as it was before. */
  readonly mark: StoreMark | undefined;
}

export const made = (known: Known, { last, by, mark }: MadeBackup, next: Next): KnownBackups => ({
  record: {
    ...{ ...recordOf(known, last.endedAtMs), status: 'idle', by, last, tried: 0 },
    ...{ mark, error: undefined, unchangedAtMs: undefined },
  },
  dueMs: dueAfter(next, last.endedAtMs),
});

/** What a failure means for the one that was under way. */
export interface FailedBackup {
  readonly error: { readonly code: string; readonly message: string };
  /** With this one. */
  readonly tried: number;
  /** It is not tried again. */
  readonly isOver: boolean;
}

/** @param before attempts that failed before. */
export const failureOf = (cause: unknown, before: number): FailedBackup => {
  const tried = before + 1;
  const mayPass = ERRORS[codeOf(cause)].retryable || PASSING.includes(codeOf(cause));
  return { error: wordsOf(cause), tried, isOver: tried >= MAX_TRIES || !mayPass };
};

export const failed = (
  known: Known,
  { error, tried, isOver }: FailedBackup,
  nowMs: number,
  next: Next,
): KnownBackups => ({
  record: { ...recordOf(known, nowMs), status: isOver ? 'failed' : 'pending', tried, error },
  dueMs: isOver
    ? dueAfter(next, nowMs)
    : nowMs + Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tried - 1)),
});

export const wordsOf = (error: unknown) => ({
  code: codeOf(error),
  message: (error as Error).message.slice(0, 500),
});
