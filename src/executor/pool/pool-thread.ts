/**
 * One thread of a pool as the main thread sees it: its port, the jobs on it, and whether it still answers.
 *
 * 1. After `close` nothing of the thread is told any more.
 * 2. What its jobs refer to is held until their outcome, or until the thread itself is gone: one that is being
 *    killed may still be reading it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../otp/clock.ts';
import { ChurnMap } from '../../platform/churn-map.ts';
import { Outbox } from './outbox.ts';
import type { Attachment, Kinds, Program } from './program.ts';
import type { FromThread, ToThread } from './wire.ts';

/** A job as a thread has it. What it tells must not throw. */
export interface ThreadJob<K extends Kinds> {
  readonly id: number;
  readonly input: K['job'];
  readonly ready: K['ready'];
  started?(thread: number): void;
  events(batch: readonly K['event'][]): void;
  outcome(outcome: K['outcome']): void;
  /** The last call for a job whose thread died. */
  lost(): void;
}

/** `closed`: it is being killed, or dead; one that dies while `starting` stays so. */
export type ThreadState = 'starting' | 'ready' | 'closed';

export class PoolThread<K extends Kinds> {
  readonly id: number;
  /** Aborting it kills the thread. */
  readonly life = new AbortController();
  readonly jobs = new ChurnMap<number, ThreadJob<K>>();
  state: ThreadState = 'starting';
  /** Monotonic milliseconds since which an answer is owed: to the start, then to a ping. */
  owesSinceMs: number | undefined;
  /** The part of the time that it worked lately, 0 to 1. */
  load = 0;
  /** Jobs that it has had, those under way included. */
  taken = 0;
  /** Lets go of what a job refers to. */
  readonly #held = new ChurnMap<number, () => void>();
  readonly #program: Program<K>;
  readonly #attachment: Attachment<K>;
  readonly #port: MessagePort;
  readonly #outbox: Outbox<ToThread<K>>;
  /** Told when the thread takes its first jobs, and when it has room for another one. */
  readonly #onRoom: (thread: PoolThread<K>) => void;

  constructor(
    id: number,
    port: MessagePort,
    { clock, program }: { readonly clock: Clock; readonly program: Program<K> },
    onRoom: (thread: PoolThread<K>) => void,
  ) {
    this.id = id;
    this.owesSinceMs = clock.monotonic();
    this.#port = port;
    this.#program = program;
    this.#outbox = new Outbox(port, clock);
    this.#attachment = program.attach((note) => this.#outbox.post(note));
    this.#onRoom = onRoom;
    port.on('close', () => this.#letGo());
    port.on('message', (messages: readonly FromThread<K>[]) => {
      for (const message of messages) this.#take(message);
    });
  }

  start(job: ThreadJob<K>): void {
    const { id } = job;
    this.taken += 1;
    this.jobs.set(id, job);
    this.#held.set(id, this.#program.hold(job.input));
    this.#outbox.post({ type: 'start', id, job: this.#attachment.wire(job.ready) });
    job.started?.(this.id);
  }

  cancel(id: number): void {
    this.#outbox.post({ type: 'cancel', id });
  }

  ping(nowMs: number): void {
    this.owesSinceMs = nowMs;
    this.#outbox.post({ type: 'ping' });
    this.#attachment.look();
  }

  /** Kills the thread; the pool hears of its end as of any other. */
  kill(reason: string): void {
    this.close();
    this.life.abort(new Error(reason));
  }

  /** The port of one that has jobs stays: it closes when the thread is gone, which is what is waited for. */
  close(): void {
    this.state = 'closed';
    if (this.#held.size === 0) this.#port.close();
    else this.#port.unref();
  }

  #take(message: FromThread<K>): void {
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
        return this.jobs.get(message.id)?.events(message.events);
      case 'outcome':
        return this.#finish(message.id, message.outcome);
    }
  }

  #finish(id: number, outcome: K['outcome']): void {
    const job = this.jobs.get(id);
    this.#held.get(id)?.();
    this.#held.delete(id);
    if (!this.jobs.delete(id)) return;
    this.#onRoom(this);
    job?.outcome(outcome);
  }

  #letGo(): void {
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }
}
