/**
 * One watch: its test, what its reader has yet to be told, and the reader's request that waits for that.
 *
 * 1. While it looks at what is present it only notes what every session that changes has become; then that counts, and not
 *    what the look has shown, which may be older.
 * 2. One request waits at a time: a later one takes the earlier one's place, which is answered without changes.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Condition } from '../../model/criteria.ts';
import type { SessionId } from '../../model/ids.ts';
import type { NextChanges, ResyncReason, WatchBatch } from '../../session/ports/watches.ts';
import { ChangesDue } from './changes-due.ts';
import { type RowTest, rowTest, sizeOf } from './row-test.ts';

/** Changes that wait for the reader of one watch. */
export const MAX_DUE = 10_000;
/** Criteria of a plain watch. */
const PLAIN_SIZE = 4;

interface Waiter {
  readonly wanted: NextChanges;
  readonly untilMs: number;
  readonly answer: (batch: WatchBatch) => void;
}

export class LiveWatch {
  readonly watchId: string;
  readonly condition: Condition;
  /** What asking it costs, in questions to a plain one. */
  readonly cost: number;
  readonly #test: RowTest;
  #due = new ChangesDue(MAX_DUE);
  /** What sessions have become during the look; undefined: it is over. */
  #meanwhile: Map<SessionId, CatalogRow | undefined> | undefined = new Map();
  #waiter: Waiter | undefined;
  #over: ResyncReason | undefined;
  /** Monotonic: when its reader last asked, or was answered. */
  seenMs: number;

  constructor(watchId: string, condition: Condition, nowMs: number) {
    this.watchId = watchId;
    this.condition = condition;
    this.cost = Math.ceil(sizeOf(condition) / PLAIN_SIZE);
    this.#test = rowTest(condition);
    this.seenMs = nowMs;
  }

  /** Changes that are kept for the reader. */
  get size(): number {
    return this.#due.size + (this.#meanwhile?.size ?? 0);
  }

  get isWaitedFor(): boolean {
    return this.#waiter !== undefined;
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** During the look: what a session is now. */
  note(sessionId: SessionId, after: CatalogRow | undefined): void {
    if (this.#meanwhile === undefined) return;
    if (this.#meanwhile.size >= MAX_DUE) return this.end('behind');
    this.#meanwhile.set(sessionId, after);
  }

  /** The look is over. @param present all that it has shown that was a member. */
  begin(present: readonly CatalogRow[]): void {
    const meanwhile = this.#meanwhile ?? new Map<SessionId, CatalogRow | undefined>();
    this.#meanwhile = undefined;
    for (const row of present) if (!meanwhile.has(row.key.sessionId)) this.#due.begin(row);
    for (const row of meanwhile.values())
      if (row !== undefined && this.#test(row)) this.#due.begin(row);
  }

  /** What is present is not told. */
  beginUntold(): void {
    this.#meanwhile = undefined;
  }

  /** A session was one row and is another one now. */
  heard(sessionId: SessionId, before: CatalogRow | undefined, after: CatalogRow | undefined): void {
    const wasMember = before !== undefined && this.#test(before);
    const isMember = after !== undefined && this.#test(after);
    if (this.isOver || !(wasMember || isMember)) return;
    if (!this.#due.add(sessionId, wasMember, isMember, after)) this.end('behind');
  }

  /** Sessions that will be told as present. */
  get present(): number {
    return this.#due.initialLeft;
  }

  next(wanted: NextChanges, nowMs: number): Promise<WatchBatch> {
    this.seenMs = nowMs;
    this.#answerWaiting(NOTHING);
    const now = this.#batch(wanted);
    if (now.kind === 'resync' || now.changes.length > 0 || wanted.waitMs === 0)
      return Promise.resolve(now);
    return new Promise((answer) => {
      this.#waiter = { wanted, untilMs: nowMs + wanted.waitMs, answer };
    });
  }

  /** A request waits, and there is something to tell. */
  get isReady(): boolean {
    return this.#waiter !== undefined && this.#due.hasSome;
  }

  /** Answers the request that waits. */
  wake(nowMs: number): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    this.seenMs = nowMs;
    this.#answerWaiting(this.#batch(waiter.wanted));
  }

  /** Answers the request that waits if its time is over. */
  wakeIfLate(nowMs: number): void {
    if (this.#waiter !== undefined && nowMs >= this.#waiter.untilMs) this.wake(nowMs);
  }

  /** It tells nothing any more; the reader hears why with the next request. */
  end(why: ResyncReason): void {
    this.#due = new ChangesDue(0);
    this.#over ??= why;
    this.#meanwhile = undefined;
    this.#answerWaiting({ kind: 'resync', why: this.#over });
  }

  #batch({ after, limit }: NextChanges): WatchBatch {
    if (this.#over !== undefined) return { kind: 'resync', why: this.#over };
    const changes = this.#due.next(after, limit);
    if (changes === undefined) return { kind: 'resync', why: 'unknown' };
    return { kind: 'changes', n: this.#due.n, changes, presentLeft: this.#due.initialLeft };
  }

  #answerWaiting(batch: WatchBatch | typeof NOTHING): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.answer(
      batch === NOTHING
        ? {
            ...{ kind: 'changes', n: waiter.wanted.after, changes: [] },
            presentLeft: this.#due.initialLeft,
          }
        : batch,
    );
  }
}

const NOTHING = 'nothing';
