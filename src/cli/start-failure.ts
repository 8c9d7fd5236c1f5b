/** Why a daemon did not start: the innermost reason, from under the supervisors that passed it on. */
import { CliError, failureOf } from './failure.ts';

interface Passed {
  readonly reason?: unknown;
  readonly shutdown?: unknown;
  readonly crashed?: unknown;
}

/** A start that failed carries its reason, that of a supervisor its child's, and so on down to an error. */
const innermost = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return undefined;
  const { reason, shutdown, crashed }: Passed = value;
  const deeper = [reason, shutdown, crashed].find((each) => each !== undefined);
  return innermost(deeper) ?? (value instanceof Error ? value : undefined);
};

export const startFailure = (error: unknown): CliError => {
  const { exitCode, message, code, nextStep } = failureOf(innermost(error) ?? error);
  const isTaken = code === 'in_use' || code === 'broker_in_use';
  return new CliError(
    exitCode,
    `the daemon did not start: ${message}`,
    isTaken ? nextStep : 'greenroom doctor finds out what is missing',
  );
};
