/**
 * A stream of tasks: one per item, a bounded number at a time, their outcomes in the order of the items or as they come.
 *
 * Invariants: (1) at most `maxConcurrency` tasks run, and at most as many outcomes wait to be taken, so neither a slow
 * reader nor a slow first item piles anything up; (2) an item is asked for only when its task may start; (3) however the
 * loop is left, what is under way is ended and the source is closed.
 */
import { checkLimit } from './check-children.ts';
import { crashOf } from './exit-reason.ts';
import type { RunningTask } from './running-task.ts';
import type { TaskOutcome } from './task-program.ts';

export interface StreamOptions {
  /** Tasks at one time. Default 8. */
  readonly maxConcurrency?: number;
  /** Outcomes in the order of their items (default), or as they come. */
  readonly ordered?: boolean;
  /** For each task, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** A task out of time: ends the stream with `timeout` (`exit`, the default), or is an outcome (`kill_task`). */
  readonly onTimeout?: 'exit' | 'kill_task';
}

interface Place<T> {
  readonly task: RunningTask<T>;
  outcome: TaskOutcome<T> | undefined;
}

/** A task that is done. */
interface Done<T> extends Place<T> {
  readonly outcome: TaskOutcome<T>;
}

type Begin<I, T> = (item: I, limit: { readonly timeoutMs: number }) => RunningTask<T>;

const MAX_CONCURRENCY = 8;
const TIMEOUT_MS = 5_000;

export async function* streamOf<I, T>(
  items: Iterable<I> | AsyncIterable<I>,
  begin: Begin<I, T>,
  options: StreamOptions,
): AsyncGenerator<TaskOutcome<T>, void, undefined> {
  const { ordered = true, onTimeout = 'exit' } = options;
  const tasks = new TaskWindow(items, begin, options);
  try {
    for (let next = await tasks.take(ordered); next; next = await tasks.take(ordered)) {
      if (next.task.late && onTimeout === 'exit') throw lateness(next.outcome);
      yield next.outcome;
    }
  } finally {
    await tasks.close();
  }
}

/** The tasks that were started and whose outcomes were not taken, oldest first. */
class TaskWindow<I, T> {
  readonly #source: Iterator<I> | AsyncIterator<I>;
  readonly #begin: Begin<I, T>;
  readonly #maxConcurrency: number;
  readonly #timeoutMs: number;
  readonly #places: Place<T>[] = [];
  #running = 0;
  /** An item was asked for and has not come. */
  #asking = false;
  #exhausted = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(
    items: Iterable<I> | AsyncIterable<I>,
    begin: Begin<I, T>,
    { maxConcurrency = MAX_CONCURRENCY, timeoutMs = TIMEOUT_MS }: StreamOptions,
  ) {
    checkLimit('maxConcurrency', maxConcurrency);
    this.#source =
      Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    this.#begin = begin;
    this.#maxConcurrency = maxConcurrency;
    this.#timeoutMs = timeoutMs;
  }

  /** The next one that is done; nothing when all were taken. Rejects with an error of the source. */
  async take(ordered: boolean): Promise<Done<T> | undefined> {
    for (;;) {
      this.#fill();
      if (this.#failure !== undefined) throw this.#failure.error;
      const at = ordered ? 0 : this.#places.findIndex(({ outcome }) => outcome !== undefined);
      const [task, outcome] = [this.#places[at]?.task, this.#places[at]?.outcome];
      if (task !== undefined && outcome !== undefined) {
        this.#places.splice(at, 1);
        return { task, outcome };
      }
      if (this.#exhausted && this.#places.length === 0) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** A source that owes an item may never come back, so its end is not waited for. */
  async close(): Promise<void> {
    const isOpen = !this.#exhausted;
    this.#exhausted = true;
    await Promise.all(this.#places.map(({ task }) => task.shutdown()));
    const closed = isOpen ? this.#source.return?.() : undefined;
    if (!this.#asking) await closed;
    else if (closed instanceof Promise) closed.catch(() => {});
  }

  get #hasRoom(): boolean {
    const { length } = this.#places;
    return this.#running < this.#maxConcurrency && length < 2 * this.#maxConcurrency;
  }

  #fill(): void {
    while (this.#hasRoom && !this.#asking && !this.#exhausted && this.#failure === undefined) {
      const next = this.#guarded(() => this.#source.next());
      if (next instanceof Promise) this.#await(next);
      else if (next !== undefined) this.#given(next);
    }
  }

  #await(next: Promise<IteratorResult<I>>): void {
    this.#asking = true;
    const came = (given: () => void) => {
      this.#asking = false;
      given();
      this.#fill();
      this.#wake();
    };
    next.then(
      (result) => came(() => this.#given(result)),
      (error) => came(() => this.#failed(error)),
    );
  }

  #given(result: IteratorResult<I>): void {
    this.#exhausted ||= result.done === true;
    if (this.#exhausted || result.done === true) return;
    const task = this.#guarded(() => this.#begin(result.value, { timeoutMs: this.#timeoutMs }));
    if (task === undefined) return;
    const place: Place<T> = { task, outcome: undefined };
    this.#places.push(place);
    this.#running++;
    void task.outcome.then((outcome) => {
      place.outcome = outcome;
      this.#running--;
      this.#fill();
      this.#wake();
    });
  }

  #guarded<R>(step: () => R): R | undefined {
    try {
      return step();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    this.#failure ??= { error };
  }
}

const lateness = <T>(outcome: TaskOutcome<T>): unknown =>
  outcome.ok ? undefined : crashOf(outcome.reason)?.crashed;
