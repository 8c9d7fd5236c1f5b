/** What each way of running a hook has in common. */
import type { HookCall, HookInput } from '../session/ports/hooks.ts';
import type { Outcome } from './word.ts';

/** One run. */
export interface Run {
  readonly call: HookCall;
  readonly input: HookInput;
  /** The same as JSON. */
  readonly json: string;
  readonly timeoutMs: number;
  /** Aborted when its time is over: nobody waits for its outcome any more. */
  readonly signal: AbortSignal;
}

/** Never rejects. */
export type Runner<W> = (work: W, run: Run) => Promise<Outcome>;

export const couldNotStart = (why: string): Outcome => ({
  kind: 'failed',
  ended: 'could_not_start',
  why,
});

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
