/** Runs a user's code that must not fail: if it does, that is reported, and that is all. */
import type { Report } from './report.ts';

export interface Guarded {
  readonly label: string;
  readonly host: { report(report: Report): void };
}

/** A promise, when the work gives one, that fulfils in any case. */
export function guard(
  actor: Guarded,
  during: string,
  work: () => unknown,
): Promise<void> | undefined {
  const fault = (error: unknown) =>
    actor.host.report({ kind: 'fault', actor: actor.label, during, error });
  try {
    const pending = work();
    return pending instanceof Promise ? pending.then(() => {}, fault) : undefined;
  } catch (error) {
    fault(error);
    return undefined;
  }
}
