/**
 * The beginning of a process: `init`, its bound, and what became of it. It exists until that is known.
 *
 * Invariant: the slot learns the outcome first, in the step in which it is decided; who started the process learns it
 * afterwards: at once when `init` is synchronous, else by a promise.
 */
import type { Clock, Timer } from './clock.ts';
import type { ExitReason } from './exit-reason.ts';
import { type Guarded, guard } from './guard.ts';
import { OtpError } from './otp-error.ts';
import { IGNORE, type ProgramFor, Refusal, type SlotFor, type StartResultFor } from './program.ts';

/** What can begin. */
export interface Starting<P> extends Guarded {
  readonly label: string;
  readonly phase: 'starting' | 'running' | 'exiting' | 'dead';
  readonly program: ProgramFor<P>;
  readonly slot: SlotFor<P> | undefined;
  readonly host: Guarded['host'] & { readonly clock: Clock; running: P | undefined };
  /** An exit signal that came before it was up: it counts more than a failure that it has caused. */
  readonly signal: ExitReason | undefined;
  /** `init` has given a state: from now on messages are handled. */
  begun(state: unknown): void;
  end(reason: ExitReason): void;
}

export class Beginning<P extends Starting<P>> {
  readonly #process: P;
  #bound: Timer | undefined = undefined;
  #declined = false;
  #outcome: StartResultFor<P> | undefined = undefined;
  #onOutcome: ((result: StartResultFor<P>) => void) | undefined = undefined;

  constructor(process: P) {
    this.#process = process;
  }

  run(args: unknown, timeoutMs: number): StartResultFor<P> | Promise<StartResultFor<P>> {
    this.#init(args, timeoutMs);
    if (this.#outcome !== undefined) return this.#outcome;
    return new Promise((resolve) => {
      this.#onOutcome = resolve;
    });
  }

  /** No later than now: the process ends. */
  cancelBound(): void {
    this.#bound?.cancel();
  }

  started(): void {
    this.cancelBound();
    this.#conclude({ kind: 'started', process: this.#process });
  }

  /** It has ended before it was up, and nothing of it is left. */
  failed(reason: ExitReason): void {
    this.#conclude(this.#declined ? { kind: 'ignored' } : { kind: 'failed', reason });
  }

  #init(args: unknown, timeoutMs: number): void {
    const process = this.#process;
    const outer = process.host.running;
    process.host.running = process;
    try {
      const state = process.program.init(process, args);
      if (state instanceof Promise) this.#await(state, timeoutMs);
      else this.#given(state);
    } catch (error) {
      process.end({ crashed: error });
    } finally {
      process.host.running = outer;
    }
  }

  #await(pending: Promise<unknown>, timeoutMs: number): void {
    const process = this.#process;
    const tooLate = () => {
      const what = `${process.label} did not start within ${timeoutMs} ms`;
      process.end({ crashed: new OtpError('timeout', what) });
    };
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#bound = process.host.clock.setTimeout(tooLate, timeoutMs);
    }
    pending.then(
      (state) => this.#given(state),
      (error) => process.end(process.signal ?? { crashed: error }),
    );
  }

  #given(state: unknown): void {
    const process = this.#process;
    if (process.phase !== 'starting') return this.#discard(state);
    if (state instanceof Refusal) return process.end(process.signal ?? state.reason);
    this.#declined = state === IGNORE;
    if (this.#declined) process.end('normal');
    else process.begun(state);
  }

  /** The process is dead: what this late state has opened must be closed. */
  #discard(state: unknown): void {
    if (state === IGNORE || state instanceof Refusal) return;
    const process = this.#process;
    void guard(process, 'the end of a late init', () => process.program.discard?.(process, state));
  }

  #conclude(outcome: StartResultFor<P>): void {
    this.#outcome = outcome;
    this.#process.slot?.settle(outcome);
    this.#onOutcome?.(outcome);
  }
}
