/**
 * One models thread as the main thread sees it: its port, the steps on it, and whether it still answers.
 *
 * 1. After `close` nothing of the thread reaches a sink any more.
 * 2. The contexts of its steps are held until their outcome, or until the thread itself is gone: one that is being
 *    killed may still be sending them.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../otp/clock.ts';
import type { Slab } from '../session/memory/slabs.ts';
import type { ContextSlice, ModelStep, StepOutcome, StepSink } from '../session/ports/executor.ts';
import { Outbox } from './outbox.ts';
import type { Endpoint, FromWorker, ToWorker, WireContext } from './wire.ts';

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
  /** Lets go of a step's context. */
  readonly #held = new Map<number, () => void>();
  /** What the thread has a handle of, and under which number. */
  readonly #slabs = new Map<Slab, number>();
  #lastSlab = 0;
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
    port.on('close', () => this.#letGo());
    port.on('message', (messages: readonly FromWorker[]) => {
      for (const message of messages) this.#take(message);
    });
  }

  start(pooled: PoolStep): void {
    const { id, endpoint } = pooled;
    const { context, ...others } = pooled.step;
    this.steps.set(id, pooled);
    this.#held.set(id, context.hold());
    const step = { ...others, context: this.#wire(context) };
    this.#outbox.post({ type: 'start', id, step, endpoint });
  }

  cancel(id: number): void {
    this.#outbox.post({ type: 'cancel', id });
  }

  ping(nowMs: number): void {
    this.owesSinceMs = nowMs;
    this.#outbox.post({ type: 'ping' });
    for (const slab of this.#slabs.keys()) if (slab.isGone) this.#forget(slab);
  }

  /** Kills the thread; the pool hears of its end as of any other. */
  kill(reason: string): void {
    this.close();
    this.life.abort(new Error(reason));
  }

  /** The port of one that has steps stays: it closes when the thread is gone, which is what is waited for. */
  close(): void {
    this.state = 'closed';
    if (this.#held.size === 0) this.#port.close();
    else this.#port.unref();
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
    this.#held.get(id)?.();
    this.#held.delete(id);
    if (!this.steps.delete(id)) return;
    this.#onRoom(this);
    pooled?.sink.outcome(outcome);
  }

  #wire({ slab, byteOffset, byteLength }: ContextSlice): WireContext {
    return { slab: this.#slabs.get(slab) ?? this.#lend(slab), byteOffset, byteLength };
  }

  /** It goes along with the first step in it. */
  #lend(slab: Slab): number {
    this.#lastSlab += 1;
    this.#slabs.set(slab, this.#lastSlab);
    this.#outbox.post({ type: 'slab', slab: this.#lastSlab, buffer: slab.buffer });
    return this.#lastSlab;
  }

  #forget(slab: Slab): void {
    const number = this.#slabs.get(slab);
    if (number !== undefined) this.#outbox.post({ type: 'forget', slab: number });
    this.#slabs.delete(slab);
  }

  #letGo(): void {
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }
}
