/**
 * One turn as `greenroom send` follows it: what comes is printed; Ctrl-C says that the turn goes on, and,
 * once more, cancels it. The turn itself never depends on this program.
 */
import type { z } from 'zod';
import { codeOf } from '../model/errors.ts';
import type { TurnRequest } from '../session/verbs/turn-request.ts';
import { Asking } from './asking.ts';
import { CliError, EXIT_INTERRUPTED, failureOf } from './failure.ts';
import type { Invocation } from './invocation.ts';
import type { DaemonClient } from './shell.ts';
import { turnFailure } from './turn-failure.ts';
import type { TurnPrinter } from './turn-printer.ts';

export interface Sending {
  readonly sessionId: string;
  readonly turnId: string;
  readonly request: z.input<typeof TurnRequest>;
}

/** How long after the first Ctrl-C the second one cancels the turn; then the turn is left alone. */
const SECOND_WITHIN_MS = 3_000;

export const send = async (
  run: Invocation,
  daemon: DaemonClient,
  printer: TurnPrinter,
  { sessionId, turnId, request }: Sending,
): Promise<void> => {
  let isAccepted = false;
  const interrupts = new Interrupts(run, daemon, {
    sessionId,
    turnId,
    isAccepted: () => isAccepted,
  });
  const asking = new Asking(run, daemon, sessionId);
  const events = daemon.turn(sessionId, request)[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = events.next();
      next.catch(() => undefined); // of a turn that is left
      const step = await Promise.race([next, interrupts.left]);
      if (step === 'left') return run.finish(EXIT_INTERRUPTED);
      if (step.done) break;
      isAccepted = true;
      printer.event(step.value);
      asking.event(step.value);
    }
  } catch (error) {
    throw isLost(error) ? lost(run, error, { sessionId, turnId, isAccepted }) : error;
  } finally {
    interrupts.stop();
    await asking.stop();
  }
  const { finished } = printer;
  if (finished === undefined)
    throw new CliError(
      1,
      'the stream ended before the turn did',
      howItEnds(run, sessionId, turnId),
    );
  if (finished.status !== 'completed') throw turnFailure(run, sessionId, turnId, finished);
};

const howItEnds = (run: Invocation, sessionId: string, turnId: string): string =>
  run.typed(`turns show ${sessionId} ${turnId}`);

const isLost = (error: unknown): boolean =>
  ['unavailable', 'draining', 'deadline_exceeded'].includes(codeOf(error));

/** What the reader has lost is its stream; whether there is a turn it knows from what it heard. */
const lost = (
  run: Invocation,
  error: unknown,
  { sessionId, turnId, isAccepted }: { sessionId: string; turnId: string; isAccepted: boolean },
): unknown => {
  const { exitCode, message, nextStep } = failureOf(error);
  const show = howItEnds(run, sessionId, turnId);
  if (!isAccepted)
    return new CliError(
      exitCode,
      message,
      `${nextStep ?? ''}; sent again with --turn-id ${turnId} the turn runs once`,
    );
  return new CliError(
    exitCode,
    `the daemon stays away (${message})`,
    `the turn is safe and goes on: ${show}`,
  );
};

interface Sent {
  readonly sessionId: string;
  readonly turnId: string;
  /** Some event of it has come. */
  readonly isAccepted: () => boolean;
}

class Interrupts {
  /** Settles when the person has gone without cancelling. */
  readonly left: Promise<'left'>;
  readonly #stop: () => void;
  readonly #over = new AbortController();
  #count = 0;

  constructor(run: Invocation, daemon: DaemonClient, { sessionId, turnId, isAccepted }: Sent) {
    let leave = (_: 'left'): void => undefined;
    this.left = new Promise((resolve) => {
      leave = resolve;
    });
    const hear = run.shell.onInterrupt?.(() => {
      this.#count += 1;
      if (this.#count === 1 && !isAccepted()) {
        run.out.note(
          `\nwhether the turn was accepted is not known; sent again with --turn-id ${turnId} it runs once`,
        );
        leave('left');
      } else if (this.#count === 1) {
        const cancel = run.typed(`turns cancel ${sessionId} ${turnId}`);
        run.out.note(
          `\nthe turn goes on without you. Ctrl-C once more within 3 s cancels it, later: ${cancel}\n` +
            `how it ends: ${howItEnds(run, sessionId, turnId)}`,
        );
        void run.shell.sleep(SECOND_WITHIN_MS, this.#over.signal).then(() => {
          if (this.#count === 1) leave('left');
        });
      } else if (this.#count === 2) {
        run.out.note('cancelling the turn');
        void this.#cancel(run, daemon, sessionId, turnId);
      } else leave('left');
    });
    this.#stop = hear ?? (() => undefined);
  }

  stop(): void {
    this.#over.abort();
    this.#stop();
  }

  async #cancel(
    run: Invocation,
    daemon: DaemonClient,
    sessionId: string,
    turnId: string,
  ): Promise<void> {
    try {
      await daemon.session(sessionId, 'cancel', { turnId });
    } catch (error) {
      if (!this.#over.signal.aborted)
        run.out.note(`it is not cancelled: ${failureOf(error).message}`);
    }
  }
}
