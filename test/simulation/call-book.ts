/**
 * Every call and cast of a simulation, from its sending to its outcome: what was acknowledged was done once, what was
 * refused was not done, nobody waits for the dead, and one sender's messages come in the order of their sending.
 */
import type { Chronicle } from './chronicle.ts';
import { type Life, nameOfLife } from './life.ts';

export interface Job {
  readonly no: number;
  readonly to: Life;
  readonly kind: 'call' | 'cast';
  readonly sentMs: number;
  readonly timeoutMs: number;
  /** From then on it is not done any more. Its time begins when whoever asks lets go of the event loop. */
  dueMs: number;
  done: number;
  outcome: string | undefined;
}

/** Errors with which nothing was done. */
const REFUSALS = ['noproc', 'mailbox_full', 'calling_self'];
/** Deadlines may be noticed a little late, never early. */
const EARLY_MS = 0.001;

export class CallBook {
  readonly #chronicle: Chronicle;
  readonly #jobs: Job[] = [];
  readonly #lastDone = new Map<Life, number>();

  constructor(chronicle: Chronicle) {
    this.#chronicle = chronicle;
  }

  sent(kind: Job['kind'], to: Life, timeoutMs: number): Job {
    const sentMs = this.#chronicle.nowMs;
    const no = this.#jobs.length + 1;
    const dueMs = Number.POSITIVE_INFINITY;
    const job = { no, to, kind, sentMs, timeoutMs, dueMs, done: 0, outcome: undefined };
    this.#jobs.push(job);
    return job;
  }

  /** It was sent in this step. */
  letGo(job: Job): void {
    this.#chronicle.clock.defer(() => {
      job.dueMs = this.#chronicle.nowMs + job.timeoutMs;
    });
  }

  /** A handler begins with it. */
  doing(job: Job, by: Life): void {
    const what = `${job.kind} ${job.no} to ${nameOfLife(job.to)}`;
    job.done++;
    if (job.done > 1) this.#wrong(`${what} is done twice`);
    if (by !== job.to) this.#wrong(`${what} is done by ${nameOfLife(by)}`);
    if (by.phase === 'over') this.#wrong(`${what} is done by the dead`);
    if (this.#chronicle.nowMs >= job.dueMs) this.#wrong(`${what} is done after its time was up`);
    if (job.outcome !== undefined)
      this.#wrong(`${what} is done after it had failed: ${job.outcome}`);
    if (job.no < (this.#lastDone.get(by) ?? 0)) this.#wrong(`${what} is done out of order`);
    this.#lastDone.set(by, job.no);
  }

  answered(job: Job, answer: number): void {
    this.#settle(job, 'answered');
    if (job.done !== 1) this.#wrong(`call ${job.no} is answered and done ${job.done} times`);
    if (answer !== job.no) this.#wrong(`call ${job.no} got the answer of ${answer}`);
  }

  refused(job: Job, code: string): void {
    this.#settle(job, code);
    const { no, to } = job;
    if (REFUSALS.includes(code) && job.done > 0)
      this.#wrong(`${job.kind} ${no} is done and refused`);
    if (code === 'timeout' && this.#chronicle.nowMs < job.sentMs + job.timeoutMs - EARLY_MS) {
      this.#wrong(`call ${no} timed out early`);
    }
    if (code === 'timeout' && job.done === 0) {
      this.#chronicle.count('call not carried out because its time was up');
    }
    if (code === 'callee_died' && to.phase !== 'over')
      this.#wrong(`${nameOfLife(to)} is said to be dead`);
  }

  /** Nobody is left: every caller has heard, and none heard later than the death. */
  close(): void {
    for (const { no, kind, to, outcome } of this.#jobs) {
      if (kind === 'call' && outcome === undefined) {
        this.#wrong(`the caller of ${nameOfLife(to)} still waits for ${no}`);
      }
    }
  }

  #settle(job: Job, outcome: string): void {
    this.#chronicle.count(job.kind === 'call' ? `call ${outcome}` : 'cast refused');
    this.#chronicle.note(`${job.kind} ${job.no} ${outcome}`);
    job.outcome = outcome;
    const { goneMs } = job.to;
    const { nowMs, blockedMs } = this.#chronicle;
    if (goneMs !== undefined && goneMs >= job.sentMs && nowMs > goneMs + blockedMs) {
      this.#wrong(`the caller of ${nameOfLife(job.to)} heard of its death too late`);
    }
  }

  #wrong(what: string): void {
    this.#chronicle.wrong(what);
  }
}
