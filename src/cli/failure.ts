/**
 * Failures as people and scripts see them: an exit code, what it means, what to do next.
 *
 * Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 refused (limit, permission), 5 cannot reach
 * the daemon, 130 left by Ctrl-C.
 */

import { codeOf, ERRORS, type ErrorCode, GreenroomError } from '../model/errors.ts';
import { jsonText } from '../platform/printable.ts';
import { sessionOf } from './about-session.ts';

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5;
/** Left by Ctrl-C, as shells have it: 128 and the number of the signal. */
export const EXIT_INTERRUPTED = 130;

/** A failure of the command line itself. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly nextStep: string | undefined;

  constructor(exitCode: ExitCode, message: string, nextStep?: string) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.nextStep = nextStep;
  }
}

export const usageError = (message: string, nextStep?: string): CliError =>
  new CliError(2, message, nextStep);

const EXIT_CODES: Readonly<Record<ErrorCode, ExitCode>> = {
  invalid_json: 2,
  invalid_request: 2,
  invalid_session_id: 2,
  unknown_verb: 2,
  unauthorized: 4,
  forbidden: 4,
  session_not_found: 3,
  definition_not_found: 3,
  archive_not_found: 3,
  backup_not_found: 3,
  turn_not_found: 3,
  approval_not_found: 3,
  deadline_exceeded: 1,
  session_exists: 4,
  version_conflict: 4,
  turn_id_reused: 4,
  already_decided: 4,
  invalid_state: 4,
  provider_mismatch: 4,
  session_deleted: 3,
  too_large: 4,
  invalid_criteria: 2,
  invalid_settings: 2,
  serialization_failed: 2,
  sandbox_missing: 4,
  hook_blocked: 4,
  price_unknown: 4,
  mailbox_full: 4,
  queue_full: 4,
  max_turns_reached: 4,
  budget_exceeded: 4,
  internal: 1,
  corrupt_record: 1,
  text_search_unavailable: 4,
  unavailable: 5,
  draining: 4,
  store_closed: 5,
  disk_low: 4,
  storage_failed: 1,
  in_use: 4,
  broker_in_use: 4,
};

const NEXT_STEPS: Readonly<Partial<Record<ErrorCode, string>>> = {
  unknown_verb: 'the daemon is of another version: compare with greenroom status',
  session_not_found: 'greenroom sessions list shows the sessions that there are',
  definition_not_found:
    'greenroom templates list, tasks list and schedules list show what there is',
  archive_not_found: 'greenroom archives search shows the archives that there are',
  backup_not_found: 'greenroom backups list shows the backups that there are',
  session_exists: 'greenroom sessions update SESSION changes it; or choose another name',
  session_deleted:
    'greenroom archives restore SESSION brings it back if it was archived; its id is free again after 30 days',
  already_decided: 'greenroom audit SESSION --kind permission shows what was decided, and who did',
  approval_not_found:
    'greenroom approvals list shows what waits, greenroom audit SESSION --kind permission what was decided',
  turn_not_found: 'greenroom turns list SESSION shows its turns',
  deadline_exceeded:
    'the daemon is busy, or hangs: try again; greenroom logs shows what it did last',
  turn_id_reused: 'send it under another --turn-id, or without one',
  version_conflict: 'somebody changed the session meanwhile: look again and repeat',
  invalid_state: 'greenroom explain SESSION says what it is at',
  provider_mismatch:
    'greenroom status names the provider of the daemon: ask for it with --provider, or start the daemon with the other one',
  price_unknown: 'send without --max-cost, or with a model that has a price',
  mailbox_full: 'wait a moment and try again',
  queue_full: 'greenroom turns list SESSION shows what waits; cancel some or wait',
  max_turns_reached: 'raise limits.maxTurns of the session, or begin another session',
  budget_exceeded: 'raise limits.maxCostUsd of the session, or begin another session',
  internal: "the daemon's log has the crash report",
  corrupt_record: 'greenroom doctor tells about the store',
  text_search_unavailable: 'search by tag:, dir:, updated: and the other keys, without words',
  unavailable: 'greenroom doctor finds out what is missing; greenroom start starts a daemon',
  draining: 'the daemon is stopping: try again when it has started',
  disk_low: 'free some disk space, or delete with greenroom cleanup',
  storage_failed: 'greenroom doctor tells about the store; restart the daemon when it has room',
  in_use: 'greenroom status shows a daemon that has it, greenroom stop ends it',
  broker_in_use: 'use another broker, or the data directory that belongs to this one',
};

/** Our commands in a sentence as they are typed here: where only npx knows us, with it. */
export const asTyped = (text: string, program = 'greenroom'): string =>
  text.replaceAll(/(?<!npx |[\w/-])greenroom (?=[a-z])/g, `${program} `);

/** A session that has ended needs no look at it. */
const REOPEN = 'greenroom sessions reopen SESSION lets it take turns again';

const nextStepAfter = (code: ErrorCode, error: unknown): string | undefined => {
  if (error instanceof GreenroomError && error.details?.['ended'] !== undefined) return REOPEN;
  // A template that a task begins with, and a task that a schedule runs, are no sessions to look at.
  return code === 'invalid_state' && sessionOf(error) === undefined ? undefined : NEXT_STEPS[code];
};

/** What to do about a code of the table. */
export const nextStepOf = (code: ErrorCode): string | undefined => NEXT_STEPS[code];

export interface Failure {
  readonly exitCode: ExitCode;
  /** null: a failure of the command line, not of the daemon. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly retryable: boolean;
  readonly nextStep: string | undefined;
}

/** What reports a bug should have. */
const OWN_FAULT = 'this is a fault of the command itself: report it with what you typed';

/** What arises here and has no code of the table: the system's refusals, and bugs of ours. */
const ownFailure = (error: unknown, message: string): Failure => {
  const isSystems = typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string';
  const nextStep = isSystems ? undefined : OWN_FAULT;
  return { exitCode: 1, code: null, message, retryable: false, nextStep };
};

/** Judged by code; `internal` is the daemon's only where the daemon said it. */
export const failureOf = (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CliError) {
    const { exitCode, nextStep } = error;
    return { exitCode, code: null, message, retryable: false, nextStep };
  }
  const code = codeOf(error);
  if (code === 'internal' && !(error instanceof GreenroomError)) return ownFailure(error, message);
  return {
    exitCode: EXIT_CODES[code],
    code,
    message,
    retryable: ERRORS[code].retryable,
    nextStep: nextStepAfter(code, error)?.replaceAll('SESSION', sessionOf(error) ?? 'SESSION'),
  };
};

export const failureText = ({ code, message, nextStep }: Failure): string =>
  `error: ${message}${code === null ? '' : ` (${code})`}\n` +
  (nextStep === undefined ? '' : `  next: ${nextStep}\n`);

export const failureJson = ({ code, message, retryable, nextStep }: Failure): string =>
  `${jsonText({ error: { code, message, retryable, nextStep } })}\n`;
