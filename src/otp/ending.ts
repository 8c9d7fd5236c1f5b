/**
 * The end of a process, step by step: `terminate`, then children, then releases, then burial, where names come free
 * first and everyone who watches is told last. A kill cuts `terminate` short; nothing that frees something is skipped.
 */
import type { Clock, Timer } from './clock.ts';
import { crashOf, type ExitReason, isAbnormal } from './exit-reason.ts';
import { guard } from './guard.ts';
import { type Holder, releaseHolds } from './name.ts';
import type { Report } from './report.ts';
import { cancelTimers, type Tied, takeReleases } from './ties.ts';

/** What can end. */
export interface Exiting extends Tied, Holder {
  readonly label: string;
  readonly host: { readonly clock: Clock; report(report: Report): void };
  readonly children: ReadonlySet<Tied> | undefined;
  /** How long `terminate` may take. */
  readonly shutdownMs: number;
  terminate(reason: ExitReason): void | Promise<void>;
  reportCrash(reason: ExitReason): void;
  /** All steps are done; whoever watches is told after this. */
  onExited(reason: ExitReason): void;
}

/** How long releases may take before the process counts as exited all the same. */
const RELEASE_MS = 5_000;

export class Ending {
  reason: ExitReason;
  readonly #process: Exiting;
  #step: 'terminate' | 'children' | 'release' = 'terminate';
  /** Goes on without waiting for the step under way. */
  #skip: (() => void) | undefined = undefined;

  constructor(process: Exiting, reason: ExitReason) {
    this.#process = process;
    this.reason = reason;
  }

  /** `isOrderly`: the process has started and was not killed, so it may say goodbye. */
  begin(isOrderly: boolean): void {
    const process = this.#process;
    if (crashOf(this.reason) !== undefined) process.reportCrash(this.reason);
    cancelTimers(process);
    if (isOrderly) this.#terminate();
    else this.#dismissChildren();
  }

  /** What is acquired from now on is to be freed at once. */
  get releasing(): boolean {
    return this.#step === 'release';
  }

  /** No more patience with `terminate`. */
  kill(): void {
    this.reason = 'killed';
    if (this.#step === 'terminate') this.#skip?.();
  }

  childGone(): void {
    if (this.#step === 'children' && this.#process.children?.size === 0) this.#release();
  }

  #terminate(): void {
    const process = this.#process;
    const next = () => this.#dismissChildren();
    try {
      const pending = process.terminate(this.reason);
      if (!(pending instanceof Promise)) return next();
      const outcome = pending.catch((error) => this.#terminateFailed(error));
      this.#await(outcome, process.shutdownMs, () => this.kill(), next);
    } catch (error) {
      this.#terminateFailed(error);
      next();
    }
  }

  /** A goodbye that fails is a crash; what it was to be said for counts if that was one too. */
  #terminateFailed(error: unknown): void {
    if (this.#step !== 'terminate') return; // it was given up on already
    if (crashOf(this.reason) === undefined) this.reason = { crashed: error };
    this.#process.reportCrash({ crashed: error });
  }

  /** Children that are still there, after a kill or an `init` cut short, go down with their parent. */
  #dismissChildren(): void {
    const { children } = this.#process;
    this.#step = 'children';
    if (children === undefined || children.size === 0) return this.#release();
    const reason = isAbnormal(this.reason) ? this.reason : 'shutdown';
    for (const child of [...children]) child.signalExit(reason, this.#process);
  }

  #release(): void {
    const process = this.#process;
    this.#step = 'release';
    const pending = takeReleases(process).map((release) => guard(process, 'a release', release));
    const bury = () => this.#bury();
    if (pending.every((p) => p === undefined)) return bury();
    this.#await(Promise.all(pending), RELEASE_MS, () => this.#skip?.(), bury);
  }

  #bury(): void {
    releaseHolds(this.#process);
    this.#process.onExited(this.reason);
  }

  #await(step: Promise<unknown>, boundMs: number, tooLate: () => void, next: () => void): void {
    let bound: Timer | undefined;
    const go = () => {
      if (this.#skip !== go) return;
      this.#skip = undefined;
      bound?.cancel();
      next();
    };
    this.#skip = go;
    if (boundMs !== Number.POSITIVE_INFINITY) {
      bound = this.#process.host.clock.setTimeout(tooLate, boundMs);
    }
    void step.then(go);
  }
}
