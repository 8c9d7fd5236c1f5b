/**
 * One models thread as the main thread sees it: its port, the steps on it, and whether it still answers.
 *
 * Invariant: after `close` nothing of the thread reaches a sink any more.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../otp/clock.ts';
import type { ModelStep, StepOutcome, StepSink } from '../session/executor.ts';
import { Outbox } from './outbox.ts';
import type { Endpoint, FromWorker, ToWorker } from './wire.ts';

/** Who wants to hear of a step in the pool. Must not throw. */
export interface PoolSink extends StepSink {
  /** The last call for a step whose thread died: nothing else will come of it, start it again. */
  lost(): void;
}

export interface PoolStep {
  readonly id: number;
  readonly step: ModelStep;
  readonly endpoint: Endpoint;
  readonly sink: PoolSink;
}

/** `closed`: it is being killed, or dead; one that dies while `starting` stays so. */
export type ThreadState = 'starting' | 'ready' | 'closed';

export class ModelThread {
  readonly id: number;
  /** Aborting it kills the thread. */
  readonly life = new AbortController();
  readonly steps = new Map<number, PoolStep>();
  state: ThreadState = 'starting';
  /** Monotonic milliseconds since which an answer is owed: to the start, then to a ping. */
  owesSinceMs: number | undefined;
  /** The part of the time that it worked lately, 0 to 1. */
  load = 0;
  readonly #port: MessagePort;
  readonly #outbox: Outbox<ToWorker>;
  /** Told when the thread takes its first steps, and when it has room for another one. */
  readonly #onRoom: (thread: ModelThread) => void;

  constructor(id: number, port: MessagePort, clock: Clock, onRoom: (thread: ModelThread) => void) {
    this.id = id;
    this.owesSinceMs = clock.monotonic();
    this.#port = port;
    this.#outbox = new Outbox(port, clock);
    this.#onRoom = onRoom;
    port.on('message', (messages: readonly FromWorker[]) => {
      for (const message of messages) this.#take(message);
    });
  }

  start(pooled: PoolStep): void {
    const { id, step, endpoint } = pooled;
    this.steps.set(id, pooled);
    this.#outbox.post({ type: 'start', id, step, endpoint });
  }

  cancel(id: number): void {
    this.#outbox.post({ type: 'cancel', id });
  }

  ping(nowMs: number): void {
    this.owesSinceMs = nowMs;
    this.#outbox.post({ type: 'ping' });
  }

  /** Kills the thread; the pool hears of its end as of any other. */
  kill(reason: string): void {
    this.close();
    this.life.abort(new Error(reason));
  }

  close(): void {
    this.state = 'closed';
    this.#port.close();
  }

  #take(message: FromWorker): void {
    if (this.state === 'closed') return;
    switch (message.type) {
      case 'ready':
        this.state = 'ready';
        this.owesSinceMs = undefined;
        return this.#onRoom(this);
      case 'pong':
        this.owesSinceMs = undefined;
        this.load = message.load;
        return;
      case 'events':
        return this.steps.get(message.id)?.sink.events(message.events);
      case 'outcome':
        return this.#finish(message.id, message.outcome);
    }
  }

  #finish(id: number, outcome: StepOutcome): void {
    const pooled = this.steps.get(id);
    if (!this.steps.delete(id)) return;
    this.#onRoom(this);
    pooled?.sink.outcome(outcome);
  }
}
