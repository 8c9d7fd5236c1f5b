/**
 * Commands in the background: which session has which, and what was not read of them yet. They live as long as the
 * daemon; a task of an earlier one is not known.
 */
import type { Clock } from '../../otp/clock.ts';
import type { Answer, Running } from './launching.ts';

/** Of one session, at a time. */
export const MAX_TASKS = 16;
/** Of all sessions: those that have ended are remembered for the next question about them; the oldest are forgotten. */
const MAX_ENDED = 1_000;

export interface Task {
  readonly id: string;
  readonly session: string;
  readonly timeoutMs: number;
  readonly isOneFine: boolean;
  readonly running: Running;
  /** undefined: it runs. */
  readonly answer: Answer | undefined;
  /** What it had printed at its end was read. */
  isRead: boolean;
}

interface Kept extends Task {
  running: Running;
  answer: Answer | undefined;
  readonly waiters: Set<() => void>;
}

export class Tasks {
  readonly #clock: Clock;
  readonly #tasks = new Map<string, Kept>();
  readonly #ended = new Set<string>();
  readonly #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isFull(session: string): boolean {
    return (this.#counts.get(session) ?? 0) >= MAX_TASKS;
  }

  /** `begin` starts the command, and is given what hears of its end. */
  begin(
    about: Pick<Task, 'id' | 'session' | 'timeoutMs' | 'isOneFine'>,
    begin: (ended: (answer: Answer) => void) => Running,
  ): void {
    const { session } = about;
    const task: Kept = {
      ...about,
      running: IDLE,
      answer: undefined,
      isRead: false,
      waiters: new Set(),
    };
    this.#tasks.set(task.id, task);
    this.#counts.set(session, (this.#counts.get(session) ?? 0) + 1);
    task.running = begin((answer) => this.#end(task, answer));
  }

  /** Has all that the session began end. */
  endAll(session: string): void {
    if (!this.#counts.has(session)) return;
    for (const task of this.#tasks.values())
      if (task.session === session && task.answer === undefined) task.running.end();
  }

  /** Only its own session finds it. */
  find(session: string, id: string): Task | undefined {
    const task = this.#tasks.get(id);
    return task?.session === session ? task : undefined;
  }

  /** Calls `then` when it has ended or the time is up. Gives what calls it at once. */
  wait({ id }: Task, ms: number, then: () => void): () => void {
    const task = this.#tasks.get(id);
    let isDone = false;
    const done = () => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      task?.waiters.delete(done);
      then();
    };
    const timer = this.#clock.setTimeout(done, ms);
    if (task === undefined || task.answer !== undefined || ms === 0) done();
    else task.waiters.add(done);
    return done;
  }

  #end(task: Kept, answer: Answer): void {
    task.answer = answer;
    const left = (this.#counts.get(task.session) ?? 1) - 1;
    if (left === 0) this.#counts.delete(task.session);
    else this.#counts.set(task.session, left);
    this.#remember(task.id);
    for (const waiter of [...task.waiters]) waiter();
  }

  #remember(id: string): void {
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MAX_ENDED) return;
      this.#ended.delete(oldest);
      this.#tasks.delete(oldest);
    }
  }
}

const IDLE: Running = { end: () => undefined, read: () => Promise.resolve(undefined) };
