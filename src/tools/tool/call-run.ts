/** One call of a tool in this thread, which ends: by itself, because it was asked to, or when its time is up. */
import type { Clock } from '../../otp/clock.ts';
import type { ToolOutcome } from '../../session/ports/tools.ts';
import { failed } from './outcome.ts';
import type { BuiltinTool, ToolJob } from './tool.ts';

/** How long a call may take to end once it was asked to, in milliseconds. */
const ENDING_MS = 1_000;
const UNKNOWN = 'it is unknown what it has done.';

export interface CallOptions {
  readonly job: ToolJob;
  /** Undefined: there is none of this name. */
  readonly tool: Pick<BuiltinTool, 'run'> | undefined;
  /** Milliseconds that the call may take. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export class CallRun {
  /** Never rejects. */
  readonly outcome: Promise<ToolOutcome>;
  readonly #options: CallOptions;
  readonly #asked = new AbortController();
  #why: 'cancelled' | 'late' | undefined;
  #giveUp: (outcome: ToolOutcome) => void = () => undefined;

  constructor(options: CallOptions) {
    this.#options = options;
    const timer = options.clock.setTimeout(() => this.end('late'), options.timeoutMs);
    const givenUp = new Promise<ToolOutcome>((resolve) => {
      this.#giveUp = resolve;
    });
    this.outcome = Promise.race([this.#run(), givenUp]).finally(() => timer.cancel());
  }

  end(why: 'cancelled' | 'late'): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#asked.abort();
    const { job, clock } = this.#options;
    const content = `${job.name} was asked to end and has not: ${UNKNOWN}`;
    clock.setTimeout(
      () => this.#giveUp(why === 'late' ? this.#late() : { type: 'cancelled', content }),
      ENDING_MS,
    );
  }

  async #run(): Promise<ToolOutcome> {
    const { job, tool } = this.#options;
    if (tool === undefined) return failed(`There is no tool ${job.name}.`);
    try {
      const outcome = await tool.run(job, this.#asked.signal);
      return outcome.type === 'cancelled' && this.#why === 'late' ? this.#late() : outcome;
    } catch (error) {
      return failed(`${job.name} failed, by a mistake of its own: ${String(error)}`);
    }
  }

  #late(): ToolOutcome {
    const { job, timeoutMs } = this.#options;
    return failed(
      `${job.name} took longer than ${timeoutMs} ms and was ended. Ask for less at once.`,
    );
  }
}
