/** A turn that did not complete, as people and scripts see it: why, and what to do about it. */
import { nextStepOf as adviceOn } from '../model/advice.ts';
import { codeOf, ERRORS } from '../model/errors.ts';
import type { TurnFinished } from '../model/event.ts';
import { CliError, nextStepOf } from './failure.ts';
import type { Invocation } from './invocation.ts';

export const turnFailure = (
  run: Invocation,
  sessionId: string,
  turnId: string,
  { status, error }: TurnFinished,
): CliError => {
  const why = error === undefined ? '' : `: ${error.message} (${error.code})`;
  const exitCode = status === 'rejected' ? 4 : 1;
  return new CliError(
    exitCode,
    `the turn ${status === 'failed' ? status : `was ${status}`}${why}`,
    nextStep(run, sessionId, turnId, status, error),
  );
};

const nextStep = (
  run: Invocation,
  sessionId: string,
  turnId: string,
  status: TurnFinished['status'],
  error: TurnFinished['error'],
): string => {
  const show = run.typed(`turns show ${sessionId} ${turnId}`);
  // A deleted session has no turns to be looked at.
  if (status === 'cancelled' && error?.code !== 'session_deleted')
    return `${show} shows what it had cost`;
  if (error === undefined) return `${show} shows what is known of it`;
  const said = adviceOn(error.code) ?? ownAdvice(error.code);
  if (said !== undefined) return said.replaceAll('SESSION', sessionId);
  return error.retryable
    ? 'it may succeed when it is sent again'
    : `${show} shows what is known of it`;
};

/** A turn may be refused with a code of our own table. */
const ownAdvice = (code: string): string | undefined =>
  Object.hasOwn(ERRORS, code) ? nextStepOf(codeOf({ code })) : undefined;
