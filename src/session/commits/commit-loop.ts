/**
 * What a session actor holds and does between its messages: the commit loop.
 *
 * 1. `committed` is what is durable, and all that anybody is told (P1).
 * 2. One commit is in flight at a time; what comes meanwhile waits and shares the next one.
 * 3. A commit that stored nothing for sure fails its callers and the session goes on; one with an
 *    unknown outcome throws, which ends the actor: the next one reads the truth from the journal.
 */

import { codeOf, type ErrorCode, GreenroomError } from '../../model/errors.ts';
import type { TurnEventBody } from '../../model/event.ts';
import { newHead } from '../../model/head.ts';
import { keyString, type TurnId } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import { awaitedModelRun, type TurnRecord } from '../../model/turn.ts';
import { unfinishedTurns } from '../../model/unfinished.ts';
import type { From } from '../../otp/message.ts';
import { type Crashpoint, crashpoint } from '../../platform/crashpoint.ts';
import { Narrator, type Told } from '../events/narrator.ts';
import { type Folded, type Following, foldBatch, toChange } from '../machine/fold.ts';
import type { Input } from '../machine/input.ts';
import type { Answer, Effect, SessionState, Write } from '../machine/machine.ts';
import {
  type Fence,
  type Journal,
  journalName,
  type LifecycleRecord,
  ResponseClaimedError,
  type SessionChange,
  type SessionReader,
  TurnKnownError,
} from '../ports/journal.ts';
import { ledgerName } from '../ports/ledger.ts';
import { type ForeignRequest, isForeign, prepareForeign } from '../prepare/foreign-request.ts';
import { type PhasesHost, TurnPhases } from '../running/turn-phases.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { SessionArgs } from '../runtime/session-args.ts';
import { ClosedTurns } from './closed-turns.ts';
import {
  type Answered,
  type SessionRequest,
  type Waiting,
  WaitingChanges,
} from './waiting-changes.ts';

type Ready = Waiting & { readonly input: Input };

/** How often a batch is tried again when another writer, or the ledger, came first. */
const MAX_CONFLICTS = 3;
const RETRY_MS = 500;
/** What a live session costs beside its context, for the cache limit; measured, rounded up. */
const BASE_BYTES = 4_096;
/** After these the commit is known to have stored nothing. */
const NOTHING_STORED: readonly ErrorCode[] = [
  'disk_low',
  'unavailable',
  'draining',
  'too_large',
  'invalid_request',
  'corrupt_record',
  'session_deleted',
  'version_conflict',
];

/** Where a test may kill the daemon once such a record is durable. */
const CRASHPOINTS: Partial<Record<Write['type'], Crashpoint>> = {
  newTurn: 'turn.accepted',
  turn: 'turn.finished',
  stream: 'import.chunk',
};
const passCrashpoints = (writes: readonly Write[]): void => {
  for (const { type } of writes) {
    const name = CRASHPOINTS[type];
    if (name !== undefined) crashpoint(name);
  }
};

const isReserved = ({ input }: Ready): boolean => input.type === 'reserved';

export class CommitLoop implements PhasesHost {
  committed: SessionState;
  /** As it was when the session was read: what others write since makes our changes stale (P2). */
  #fence: Fence;
  stopping = false;
  lastUsedMs: number;
  readonly phases: TurnPhases;
  readonly #args: SessionArgs;
  readonly #mailbox: Mailbox;
  readonly #narrator: Narrator;
  readonly #closed = new ClosedTurns();
  readonly #name: string;
  readonly #waiting = new WaitingChanges();
  #batch: { readonly waiting: readonly Ready[]; readonly folded: Folded<Ready> } | undefined;
  /** The next commit needs something of the journal, and none begins before that is read. */
  #isReading = false;
  #conflicts = 0;
  readonly #following: Following = (state, effects) => this.phases.following(state, effects);

  /** @param opened the session as it is stored now. */
  constructor(args: SessionArgs, mailbox: Mailbox, opened: SessionReader) {
    const { system } = mailbox;
    this.#args = args;
    this.#mailbox = mailbox;
    this.#name = keyString(args.key);
    const head = opened.head ?? newHead(args.key, system.clock.now());
    this.committed = { head, cancelling: undefined };
    this.#fence = opened.fence;
    this.lastUsedMs = system.clock.now();
    const { feed, trails } = args.runtime;
    this.#narrator = new Narrator(args.key, feed, trails, system.clock);
    this.phases = new TurnPhases(args, mailbox, this);
  }

  /** By name, not captured: it may be a restarted one. Throws while there is none. */
  get #journal(): Journal {
    return this.#mailbox.system.fetch(journalName);
  }

  /** It must stay. One whose turn waits for a moment may go: `alarms` wakes it. */
  get isBusy(): boolean {
    const [first] = this.committed.head.openTurns;
    const isAtWork = first !== undefined && first.status !== 'waiting';
    return isAtWork || this.#isCommitting || this.#waiting.size > 0 || this.phases.isTelling;
  }

  get #isCommitting(): boolean {
    return this.#batch !== undefined || this.#isReading;
  }

  /** Takes a request in; without a `from` it is the session's own and is never dropped. */
  submit(request: SessionRequest, from?: From<Answered>): void {
    if (from !== undefined && !this.#waiting.hasRoomFor(request))
      return from.fail(
        new GreenroomError('mailbox_full', 'too many changes wait in this session', {
          retryAfterMs: 100,
        }),
      );
    this.#waiting.push({ request, from });
    this.flush();
  }

  /** Starts the next commit, if none is in flight and something waits. */
  flush(): void {
    while (!this.#isCommitting && this.#waiting.size > 0 && !this.stopping)
      this.#commit(this.#waiting.take());
  }

  /** The commit in flight is durable: now the state changes, callers hear, effects happen. */
  durable(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    crashpoint('commit.after');
    this.#batch = undefined;
    this.#conflicts = 0;
    this.#settle(batch.folded);
    this.flush();
  }

  /** What the next commit needs was read. */
  read(goOn: () => void): void {
    this.#isReading = false;
    goOn();
    this.flush();
  }

  /** The commit in flight failed. Throws when its outcome is unknown. */
  failed(error: unknown): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    if (error instanceof TurnKnownError)
      return this.#again(batch.waiting, this.#learn(error.turnIds));
    // Each time it is computed anew it finds one more response taken, so this comes to an end.
    if (error instanceof ResponseClaimedError) return this.#again(batch.waiting);
    const code = codeOf(error);
    if (code === 'version_conflict' && this.#conflicts < MAX_CONFLICTS)
      return this.#again(batch.waiting, this.#reload());
    for (const { from } of batch.waiting) from?.fail(error);
    if (!NOTHING_STORED.includes(code) || code === 'version_conflict') throw error;
    this.#keepOwn(batch.waiting);
  }

  tell(turn: Told, event: TurnEventBody): void {
    this.#narrator.tell(turn, event);
  }

  /** Tells that the first turn is alive: something runs for it, or it waits for a moment. */
  ping(): void {
    const [first] = this.committed.head.openTurns;
    const { isRunning, isWaitingForPlace } = this.phases;
    if (first !== undefined && (first.status === 'waiting' || isRunning || isWaitingForPlace))
      this.tell(first, { type: 'ping' });
  }

  /** A step or a commit is under way. */
  get isWorking(): boolean {
    return this.#isCommitting || this.phases.isWorking;
  }

  /** Tells the cache that the session is in use. */
  touch(): void {
    this.lastUsedMs = this.#mailbox.system.clock.now();
    const bytes = BASE_BYTES + this.phases.heldBytes;
    this.#args.runtime.cache.touch(this.#name, bytes, this.#mailbox.rest);
  }

  #commit(taken: readonly Waiting[]): void {
    const ready: Ready[] = [];
    for (const waiting of taken) {
      const { request, from } = waiting;
      if (isForeign(request)) return this.#read(this.#prepare(waiting, request)); // it is alone
      ready.push({ request, from, input: request });
    }
    this.#commitAll(ready);
  }

  #commitAll(taken: readonly Ready[]): void {
    const { rules } = this.#args.runtime;
    const ready = taken.some(isReserved) ? taken.map((each) => this.#ofThisLedger(each)) : taken;
    const folded = foldBatch(
      this.committed,
      ready,
      this.#closed.known,
      rules,
      this.#mailbox.system.clock.now(),
      this.#following,
    );
    const change = toChange(this.committed, folded, this.#fence);
    if (change === undefined) return this.#settle(folded);
    crashpoint('commit.before');
    this.#batch = { waiting: ready, folded };
    this.#mailbox.committing(this.#begin(change));
  }

  /** What a ledger that is gone has granted counts for nothing: the next one does not know of it. */
  #ofThisLedger(ready: Ready): Ready {
    const { input } = ready;
    if (input.type !== 'reserved' || input.outcome.type !== 'granted') return ready;
    const { ledger } = input.outcome;
    if (this.#mailbox.system.find(ledgerName)?.ref.id === ledger) return ready;
    return { ...ready, input: { type: 'lost', runId: input.runId } };
  }

  async #begin(change: SessionChange): Promise<void> {
    const { commits } = this.#args.runtime;
    const commit = this.#journal.commit(change);
    commits.set(this.#name, commit);
    if (TELEMETRY.commit.isHeard) this.#measure(commit, change);
    try {
      await commit;
    } finally {
      if (commits.get(this.#name) === commit) commits.delete(this.#name);
    }
  }

  #measure(commit: Promise<void>, { key, expectedVersion }: SessionChange): void {
    const { clock } = this.#mailbox.system;
    const beganMs = clock.monotonic();
    const tell = (code?: ErrorCode) =>
      TELEMETRY.commit.tell({
        tenant: key.tenant,
        sessionId: key.sessionId,
        version: expectedVersion + 1,
        durationMs: clock.monotonic() - beganMs,
        code,
      });
    commit.then(
      () => tell(),
      (error: unknown) => tell(codeOf(error)),
    );
  }

  /** Reads before the next commit; what it gives puts that to use, in the actor's turn. */
  #read(work: Promise<() => void>): void {
    this.#isReading = true;
    this.#mailbox.reading(work);
  }

  /** The state stays as it is meanwhile: only a commit changes it. */
  async #prepare(waiting: Waiting, request: ForeignRequest): Promise<() => void> {
    const { from } = waiting;
    const { head } = this.committed;
    try {
      const journal = this.#journal;
      const session = await journal.open(head.key);
      const isOld = (session.head?.version ?? 0) !== head.version;
      if (isOld && this.#conflicts < MAX_CONFLICTS)
        return () => this.#again([waiting], this.#reload()); // it would be refused
      const nowMs = this.#mailbox.system.clock.now();
      const input = await prepareForeign(head, request, { session, journal }, nowMs);
      return () => this.#commitAll(from?.settled === true ? [] : [{ request, from, input }]);
    } catch (error) {
      return () => from?.fail(error);
    }
  }

  #settle(folded: Folded<Ready>): void {
    const { state, writes, effects } = folded;
    const before = this.committed;
    this.committed = state;
    this.phases.settle();
    passCrashpoints(writes);
    if (folded.answers.some(({ answer }) => answer.type === 'approved'))
      crashpoint('approval.decided');
    for (const { of, error } of folded.refusals) of.from?.fail(error);
    // Before the answers: who has asked for a turn that ended in this very batch gets its record.
    for (const effect of effects)
      if (effect.type === 'closed') this.#closed.remember(effect.record);
    for (const { of, answer } of folded.answers) this.#answer(of.from, answer);
    this.#holdPrompts(folded);
    for (const { of } of folded.answers) this.#noteAnswer(of.input, before);
    for (const effect of effects) this.#carryOut(effect);
    this.phases.startWanted(); // behind them all: the model sees what the whole batch says
    for (const write of writes)
      if (write.type === 'audit' && write.record.kind === 'lifecycle') this.#announce(write.record);
    this.touch();
  }

  /** The answer of a model call is stored: a station of its turn. */
  #noteAnswer(input: Input, { head }: SessionState): void {
    if (input.type !== 'step' || input.outcome.type !== 'message') return;
    const turn = head.openTurns[0];
    if (turn === undefined || awaitedModelRun(turn) !== input.runId) return; // it came too late
    const atMs = this.#mailbox.system.clock.now();
    const note = { station: 'committed', atMs, step: turn.steps + 1 } as const;
    this.#args.runtime.trails.note(this.#args.key, turn.turnId, note);
  }

  /** Tells other programs of a session's life. */
  #announce({ kind: _, action, atMs, ...facts }: LifecycleRecord): void {
    const { tenant, sessionId } = this.#args.key;
    if (action === 'compacted' && TELEMETRY.compaction.isHeard)
      TELEMETRY.compaction.tell({ tenant, sessionId, by: facts.by });
    const news = { type: `session.${action}`, sessionId, at: iso(atMs), ...facts };
    this.#args.runtime.feed.announce(tenant, news);
  }

  #answer(from: From<Answered> | undefined, answer: Answer): void {
    if (from === undefined) return;
    const { head } = this.committed;
    if (answer.type === 'turnClosed') return this.#closed.waitFor(answer.turnId, from);
    const turn = answer.type === 'turn' ? (answer.closed ?? this.#turn(answer.turnId)) : undefined;
    from.reply(turn === undefined ? { answer, head } : { answer, head, turn });
  }

  #turn(turnId: TurnId): TurnRecord | undefined {
    return (
      unfinishedTurns(this.committed.head).find((open) => open.turnId === turnId) ??
      this.#closed.known.get(turnId)
    );
  }

  /** Prompts of turns that must wait stay at hand until they start. */
  #holdPrompts({ writes }: Folded<Ready>): void {
    const { openTurns } = this.committed.head;
    if (!openTurns.some(({ status }) => status === 'queued')) return;
    const queued = new Set(
      openTurns.flatMap((turn) => (turn.status === 'queued' ? [turn.seq] : [])),
    );
    for (const write of writes)
      if (write.type === 'entry' && write.entry.kind === 'message' && queued.has(write.entry.seq))
        this.phases.steps.hold(write.entry.seq, write.entry.body);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'publish':
        return this.#narrator.tell(effect, effect.body);
      case 'see':
        return this.phases.steps.see(effect.seq, effect.body);
      case 'forgetContext':
        return this.phases.steps.forget();
      case 'startModel':
      case 'startHooks':
        return this.phases.want();
      case 'giveBack':
        return this.#mailbox.system.find(ledgerName)?.giveBack(this.#args.key, effect.grant);
      case 'tellHooks':
        return this.phases.tellHooks(effect);
      case 'startTools':
        return this.phases.wantTools(effect.uses);
      case 'cancelRun':
        return this.phases.cancel(effect.runId);
      case 'answerRun':
        return this.phases.tools?.run(effect.runId)?.handle.answer?.(effect.answer);
      case 'closed':
        return this.#closed.tell(effect.record, this.committed.head);
      case 'stop':
        this.stopping = true;
    }
  }

  /** The ledger knows these ids: the same batch again, with their records. */
  async #learn(turnIds: readonly TurnId[]): Promise<() => void> {
    const session = await this.#journal.open(this.#args.key);
    const records = await Promise.all(turnIds.map((turnId) => session.turn(turnId)));
    return () => {
      for (const [at, record] of records.entries()) {
        if (record === undefined)
          throw new GreenroomError(
            'internal',
            `the ledger knows turn ${turnIds[at]} and has no record`,
          );
        this.#closed.remember(record);
      }
    };
  }

  /** Somebody else wrote, or the store was opened anew: what is stored is the truth, and what was computed from the old is computed anew. */
  async #reload(): Promise<() => void> {
    const { head, fence } = await this.#journal.open(this.#args.key);
    return () => {
      this.#conflicts += 1;
      const { clock } = this.#mailbox.system;
      this.committed = {
        ...this.committed,
        head: head ?? newHead(this.#args.key, clock.now()),
      };
      this.#fence = fence;
      this.phases.steps.forget();
    };
  }

  /** @param first what is read before. */
  #again(waiting: readonly Waiting[], first?: Promise<() => void>): void {
    this.#waiting.putBack(waiting);
    if (first === undefined) this.flush();
    else this.#read(first);
  }

  /** Callers were told; what the session owes itself (an outcome, a resume) is tried until there is room, and those behind it wait. */
  #keepOwn(waiting: readonly Waiting[]): void {
    const own = waiting.filter(({ from }) => from === undefined);
    if (own.length === 0) return this.flush();
    this.#waiting.putBack(own);
    this.#mailbox.later('flush', RETRY_MS);
  }
}
