/**
 * Ctrl-C while a turn is followed: who follows it says what the first one does, and the next. It hears until it is stopped.
 */
import { failureOf } from './failure.ts';
import type { Invocation } from './invocation.ts';
import type { DaemonClient } from './shell.ts';

export interface Followed {
  readonly sessionId: string;
  readonly turnId: string;
}

export class Interrupts {
  /** Settles when the person has gone. */
  readonly left: Promise<'left'>;
  readonly #run: Invocation;
  readonly #over = new AbortController();
  readonly #stopHearing: () => void;
  #leave: (how: 'left') => void = () => undefined;
  #count = 0;

  /** @param onInterrupt what to do at the first, second, … */
  constructor(run: Invocation, onInterrupt: (nth: number, interrupts: Interrupts) => void) {
    this.#run = run;
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    const hear = run.shell.onInterrupt?.(() => {
      this.#count += 1;
      onInterrupt(this.#count, this);
    });
    this.#stopHearing = hear ?? (() => undefined);
  }

  leave(): void {
    this.#leave('left');
  }

  /** Leaves when no other Ctrl-C has come by then. */
  leaveAfter(ms: number): void {
    const count = this.#count;
    void this.#run.shell.sleep(ms, this.#over.signal).then(() => {
      if (this.#count === count) this.leave();
    });
  }

  cancel(daemon: DaemonClient, { sessionId, turnId }: Followed): void {
    daemon.session(sessionId, 'cancel', { turnId }).catch((error: unknown) => {
      // What the cancel says after the turn is of no interest.
      if (!this.#over.signal.aborted)
        this.#run.out.note(`it is not cancelled: ${failureOf(error).message}`);
    });
  }

  stop(): void {
    this.#over.abort();
    this.#stopHearing();
  }
}
