/** A call that takes its turn: it begins when the queue says so, and leaves its place with its outcome. */

import type { FairQueue, Ticket } from '../../platform/fair-queue.ts';
import type {
  ToolAnswer,
  ToolCall,
  ToolHandle,
  ToolOutcome,
  ToolQuestion,
  ToolSink,
} from '../../session/ports/tools.ts';

export class QueuedCall implements ToolHandle, Ticket, ToolSink {
  readonly tenant: string;
  readonly line: string;
  readonly about?: object;
  isUnlisted = false;
  readonly asks?: (question: ToolQuestion | undefined) => void;
  readonly #queue: FairQueue;
  readonly #sink: ToolSink;
  readonly #begin: (sink: ToolSink) => ToolHandle;
  #handle: ToolHandle | undefined;
  #isOver = false;

  /** @param begin its outcome never comes before it has returned. */
  constructor(
    queue: FairQueue,
    { key }: Pick<ToolCall, 'key'>,
    sink: ToolSink,
    begin: (sink: ToolSink) => ToolHandle,
  ) {
    this.tenant = key.tenant;
    this.line = key.sessionId;
    if (sink.about !== undefined) this.about = sink.about;
    if (sink.asks !== undefined) this.asks = (question) => sink.asks?.(question);
    this.#queue = queue;
    this.#sink = sink;
    this.#begin = begin;
  }

  /** False: too many wait. */
  enter(): boolean {
    return this.#queue.enter(this);
  }

  readonly start = (): void => {
    this.#handle = this.#begin(this);
  };

  /** Bound: runners take it out of its sink. */
  readonly outcome = (outcome: ToolOutcome): void => {
    if (!this.#isOver) this.#queue.leave(this);
    this.#isOver = true;
    this.#sink.outcome(outcome);
  };

  answer(answer: ToolAnswer): void {
    this.#handle?.answer?.(answer);
  }

  /** One that has not begun never does. */
  cancel(): void {
    if (this.#handle !== undefined) return this.#handle.cancel();
    if (!this.#isOver) this.outcome({ type: 'cancelled' });
  }
}
