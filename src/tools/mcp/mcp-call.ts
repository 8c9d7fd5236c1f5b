/** One call of a server's tool, under its clocks. Each way in which it can end cancels it at the server, and it has one outcome. */
import type { Clock, Timer } from '../../otp/clock.ts';
import type { ToolOutcome } from '../../session/ports/tools.ts';
import type { Tell } from '../results/telling.ts';
import { failed } from '../tool/outcome.ts';
import type { Connection } from './connection.ts';
import { outcomeOfAnswer } from './result-blocks.ts';
import type { McpServerSettings } from './settings.ts';

export interface WantedCall {
  /** The server's own name for it. */
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Where a result goes that is too long. Absolute. */
  readonly path: string;
}

export interface CallGround {
  readonly settings: McpServerSettings;
  readonly connection: Connection;
  readonly clock: Clock;
}

/** Gives how to cancel it. */
export const beginCall = (wanted: WantedCall, ground: CallGround, tell: Tell): (() => void) => {
  const call = new Call(ground, tell);
  void call.run(wanted);
  return () => call.end({ type: 'cancelled' });
};

class Call {
  readonly #ground: CallGround;
  readonly #tell: Tell;
  readonly #abort = new AbortController();
  readonly #total: Timer;
  #idle: Timer;

  constructor(ground: CallGround, tell: Tell) {
    this.#ground = ground;
    this.#tell = tell;
    const { timeoutMs } = ground.settings;
    this.#total = ground.clock.setTimeout(() => this.#late('answered', timeoutMs), timeoutMs);
    this.#idle = this.#newIdle();
  }

  async run({ tool, input, path }: WantedCall): Promise<void> {
    const { signal } = this.#abort;
    try {
      const onProgress = () => this.#progress();
      const answer = await this.#ground.connection.call(tool, input, { signal, onProgress });
      this.#stopClocks();
      this.#tell(await outcomeOfAnswer(answer, path));
    } catch (error) {
      if (!signal.aborted) this.end(failed(this.#ground.connection.said(error)));
    }
  }

  end(outcome: ToolOutcome): void {
    this.#stopClocks();
    this.#tell(outcome);
    this.#abort.abort();
  }

  #progress(): void {
    this.#idle.cancel();
    if (!this.#abort.signal.aborted) this.#idle = this.#newIdle();
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

  #stopClocks(): void {
    this.#total.cancel();
    this.#idle.cancel();
  }
}
