/**
 * One turn as `greenroom send` follows it: what comes is printed; Ctrl-C says that the turn goes on, and,
 * once more, cancels it. The turn itself never depends on this program.
 */
import type { z } from 'zod';
import { codeOf } from '../model/errors.ts';
import type { WireEvent } from '../model/event.ts';
import type { TurnRequest } from '../session/verbs/turn-request.ts';
import { Asking } from './asking.ts';
import { CliError, EXIT_INTERRUPTED, failureOf } from './failure.ts';
import { type Followed, Interrupts } from './interrupts.ts';
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
  const interrupts = interruptsOf(run, daemon, {
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
      if (isForLater(step.value)) {
        run.out.note(`the turn ${turnId} begins ${request.deliverAt}`);
        await events.return?.();
        return;
      }
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

/** It was accepted and stands in no transcript yet: it begins at its time, for which nobody waits here. */
const isForLater = (event: WireEvent): boolean => event.type === 'turn.accepted' && event.seq === 0;

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

/** The first leaves the turn to itself, the second cancels it, the third leaves that. */
const interruptsOf = (
  run: Invocation,
  daemon: DaemonClient,
  { sessionId, turnId, isAccepted }: Followed & { readonly isAccepted: () => boolean },
): Interrupts =>
  new Interrupts(run, (nth, interrupts) => {
    if (nth === 1 && !isAccepted()) {
      run.out.note(
        `\nwhether the turn was accepted is not known; sent again with --turn-id ${turnId} it runs once`,
      );
      interrupts.leave();
    } else if (nth === 1) {
      const cancel = run.typed(`turns cancel ${sessionId} ${turnId}`);
      run.out.note(
        `\nthe turn goes on without you. Ctrl-C once more within 3 s cancels it, later: ${cancel}\n` +
          `how it ends: ${howItEnds(run, sessionId, turnId)}`,
      );
      interrupts.leaveAfter(SECOND_WITHIN_MS);
    } else if (nth === 2) {
      run.out.note('cancelling the turn');
      interrupts.cancel(daemon, { sessionId, turnId });
    } else interrupts.leave();
  });
