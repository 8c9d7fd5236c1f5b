/** One call of a server's tool, under its clocks. Each way in which it can end cancels it at the server, and it has one outcome. */
import type { Clock, Timer } from '../../otp/clock.ts';
import type { ToolAnswer, ToolOutcome } from '../../session/ports/tools.ts';
import type { Tell } from '../results/telling.ts';
import { failed } from '../tool/outcome.ts';
import type { Connection } from './connection.ts';
import type { Asker } from './questions.ts';
import { outcomeOfAnswer } from './result-blocks.ts';
import type { McpServerSettings } from './settings.ts';

export interface WantedCall {
  /** The server's own name for it. */
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Where a result goes that is too long. Absolute. */
  readonly path: string;
  /** Has a person asked; absent: nobody is there. */
  readonly ask?: Asker;
}

export interface CallGround {
  readonly settings: McpServerSettings;
  readonly connection: Connection;
  readonly clock: Clock;
}

/**
 * Gives how to cancel it.
 * @param again told in place of an outcome where the server has not begun it, as it has forgotten us. Absent: that is an outcome too.
 */
export const beginCall = (
  wanted: WantedCall,
  ground: CallGround,
  tell: Tell,
  again?: () => void,
): (() => void) => {
  const call = new Call(ground, tell, again);
  void call.run(wanted);
  return () => call.end({ type: 'cancelled' });
};

class Call {
  readonly #ground: CallGround;
  readonly #tell: Tell;
  readonly #again: (() => void) | undefined;
  readonly #abort = new AbortController();
  #total: Timer;
  #idle: Timer;
  #isAsking = false;
  #isOver = false;

  constructor(ground: CallGround, tell: Tell, again: (() => void) | undefined) {
    this.#ground = ground;
    this.#tell = tell;
    this.#again = again;
    this.#total = this.#newTotal();
    this.#idle = this.#newIdle();
  }

  async run({ tool, input, path, ask }: WantedCall): Promise<void> {
    const { signal } = this.#abort;
    try {
      const onProgress = () => this.#progress();
      const asks: Asker = (question, ending) => this.#asks(ask?.(question, ending));
      const answer = await this.#ground.connection.call(tool, input, { signal, onProgress, asks });
      this.#over();
      this.#tell(await outcomeOfAnswer(answer, path));
    } catch (error) {
      if (signal.aborted) return;
      const { connection } = this.#ground;
      if (this.#again === undefined || !connection.hasForgotten(error))
        return this.end(failed(connection.said(error)));
      this.#over();
      this.#again();
    }
  }

  end(outcome: ToolOutcome): void {
    this.#over();
    this.#tell(outcome);
    this.#abort.abort();
  }

  /** While a person is asked the clocks stand still: they begin anew with the answer. */
  async #asks(asked: ReturnType<Asker> | undefined): Promise<ToolAnswer | undefined> {
    this.#stopClocks();
    this.#isAsking = true;
    try {
      return await asked;
    } finally {
      this.#isAsking = false;
      if (!this.#isOver) {
        this.#total = this.#newTotal();
        this.#idle = this.#newIdle();
      }
    }
  }

  #progress(): void {
    if (this.#isAsking || this.#isOver) return;
    this.#idle.cancel();
    this.#idle = this.#newIdle();
  }

  #newTotal(): Timer {
    const { clock, settings } = this.#ground;
    const { timeoutMs } = settings;
    return clock.setTimeout(() => this.#late('answered', timeoutMs), timeoutMs);
  }

  #newIdle(): Timer {
    const { idleTimeoutMs } = this.#ground.settings;
    return this.#ground.clock.setTimeout(
      () => this.#late('said anything', idleTimeoutMs),
      idleTimeoutMs,
    );
  }

  #late(what: string, ms: number): void {
    const { name } = this.#ground.settings;
    this.end(
      failed(
        `The server ${name} has not ${what} for ${ms / 1_000} s. The call was cancelled: it is unknown what it has done.`,
      ),
    );
  }

  #over(): void {
    this.#isOver = true;
    this.#stopClocks();
  }

  #stopClocks(): void {
    this.#total.cancel();
    this.#idle.cancel();
  }
}
