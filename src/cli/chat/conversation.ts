/**
 * One conversation at a terminal: which session it is about, and one turn of it at a time. Ctrl-C cancels the turn, as the
 * person sits there; once more, it is left. (`send` is left first, because a turn does not depend on its reader.)
 */
import { newTurnId } from '../../model/ids.ts';
import { Asking } from '../asking.ts';
import { failureOf } from '../failure.ts';
import { money } from '../format.ts';
import { Interrupts } from '../interrupts.ts';
import type { Invocation } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { TurnPrinter } from '../turn-printer.ts';
import { MarkdownStyle } from './markdown.ts';

export class Conversation {
  readonly run: Invocation;
  readonly daemon: DaemonClient;
  sessionId: string;
  /** Of the next turns; undefined: the session's own. */
  model: string | undefined;
  /** What was typed, the latest first. */
  readonly history: string[] = [];

  constructor(run: Invocation, daemon: DaemonClient, sessionId: string) {
    this.run = run;
    this.daemon = daemon;
    this.sessionId = sessionId;
  }

  /** Runs a turn and prints it. A turn that fails is told, and the conversation goes on. */
  async say(prompt: string): Promise<void> {
    const { shell, out } = this.run;
    const turnId = newTurnId(shell.nowMs());
    const style = out.isPainted
      ? new MarkdownStyle((colour, text) => out.paint(colour, text))
      : undefined;
    const printer = new TurnPrinter(this.run, true, style);
    const asking = new Asking(this.run, this.daemon, this.sessionId);
    const interrupts = new Interrupts(this.run, (nth, interrupted) => {
      if (nth > 1) return interrupted.leave();
      out.note('\ncancelling the turn');
      interrupted.cancel(this.daemon, { sessionId: this.sessionId, turnId });
    });
    const model = this.model === undefined ? {} : { model: this.model };
    const events = this.daemon.turn(this.sessionId, { prompt, turnId, ...model });
    try {
      for await (const event of until(events, interrupts.left)) {
        printer.event(event);
        asking.event(event);
      }
    } catch (error) {
      printer.breakLine();
      out.note(`(${failureOf(error).message})`);
    } finally {
      interrupts.stop();
      await asking.stop();
    }
    this.#tellEnd(printer);
  }

  #tellEnd({ finished }: TurnPrinter): void {
    if (finished === undefined) return;
    const { status, error, costUsd, durationMs } = finished;
    const facts = `${money(costUsd)}, ${(durationMs / 1_000).toFixed(1)} s`;
    const how = status === 'completed' ? '' : `${status}${error ? `: ${error.message}` : ''}, `;
    this.run.out.note(this.run.out.paint('dim', `(${how}${facts})`));
  }
}

/** What comes, until it ends or the person leaves it. */
async function* until<T>(items: AsyncIterable<T>, left: Promise<'left'>): AsyncGenerator<T> {
  const source = items[Symbol.asyncIterator]();
  while (true) {
    const next = source.next();
    next.catch(() => undefined); // of a turn that is left
    const step = await Promise.race([next, left]);
    if (step === 'left' || step.done) return;
    yield step.value;
  }
}
