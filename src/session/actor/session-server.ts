/**
 * One session as an actor: one message at a time, started by the first message, gone when idle.
 * What it holds and does is in `commit-loop.ts`; this is its mailbox.
 */

import { codeOf, GreenroomError } from '../../model/errors.ts';
import { keyString } from '../../model/ids.ts';
import type { RunId } from '../../model/turn.ts';
import { unfinishedTurns } from '../../model/unfinished.ts';
import { genServer, noreply, reply, stop } from '../../otp/gen-server.ts';
import type { ActorRef } from '../../otp/ref.ts';
import type { Self } from '../../otp/self.ts';
import type { System } from '../../otp/system.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import { CommitLoop } from '../commits/commit-loop.ts';
import type { Publication } from '../events/feed.ts';
import { closedPublication } from '../events/turn-finished.ts';
import type { InputOf } from '../machine/input.ts';
import type { StepEvent, StepOutcome } from '../ports/executor.ts';
import { journalName, type SessionReader } from '../ports/journal.ts';
import type { Granted, Short } from '../ports/ledger.ts';
import type { ToolOutcome, ToolQuestion } from '../ports/tools.ts';
import { isSummary } from '../prepare/summary-question.ts';
import type { Summing } from '../running/room-maker.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { SessionArgs } from '../runtime/session-args.ts';
import type { ToolRun } from '../tools/tool-runner.ts';
import { liveName } from './live-names.ts';
import { isOrphan } from './orphan.ts';
import { type SessionProtocol, sessionProtocol } from './session-protocol.ts';

/** A running turn says so this often; 30 s of silence means lost. */
const PING_MS = 10_000;
const JOURNAL_WAIT_MS = 15_000;
const JOURNAL_LOOK_MS = 10;

interface Actor {
  readonly args: SessionArgs;
  readonly name: string;
  readonly live: CommitLoop;
  /** The executors that are watched: the death of one loses its runs. */
  readonly watched: Set<ActorRef['id']>;
}

export const SessionServer = genServer(sessionProtocol, {
  init: async (args: SessionArgs, self): Promise<Actor> => {
    return begin(args, self, await openSettled(args, self));
  },

  handleCall: {
    get: (_, actor, self) => {
      const { head } = actor.live.committed;
      actor.live.touch();
      leaveIfNothing(actor, self);
      return reply(head.version === 0 ? undefined : head, actor);
    },
    change: (request, actor, self, from) => {
      actor.live.submit(request, from);
      return next(actor, self);
    },
  },

  handleInfo: {
    rest: (_, actor) => (actor.live.isBusy ? noreply(actor) : stop('normal', actor)),
    durable: (_, actor, self) => {
      actor.live.durable();
      return next(actor, self);
    },
    commitFailed: ({ error }, actor, self) => {
      actor.live.failed(error);
      return next(actor, self);
    },
    read: ({ goOn }, actor, self) => {
      actor.live.read(goOn);
      return next(actor, self);
    },
    /** What is stored cannot be known here: the next actor reads it. */
    readFailed: ({ error }) => {
      throw error;
    },
    stepEvents: ({ run, batch }, actor) => {
      tellStepEvents(actor.live, run, batch);
      return noreply(actor);
    },
    stepOutcome: ({ run, outcome }, actor, self) => {
      endStep(actor.live, run, outcome);
      return next(actor, self);
    },
    reserved: ({ run, bytes, outcome }, actor, self) => {
      actor.live.phases.reserves.end(run);
      actor.live.submit({ type: 'reserved', runId: run, bytes, outcome });
      return next(actor, self);
    },
    notReserved: ({ run, error }, actor, self) => {
      actor.live.phases.reserves.end(run);
      actor.live.phases.noContext(asUnavailable(error));
      return next(actor, self);
    },
    toolAsks: ({ run, question }, actor, self) => {
      if (actor.live.phases.tools?.run(run) !== undefined)
        actor.live.submit({ type: 'questioned', runId: run, question });
      return next(actor, self);
    },
    toolOutcome: ({ run, outcome }, actor, self) => {
      const { tools } = actor.live.phases;
      if (tools?.run(run) !== undefined) crashpoint('tool.outcome');
      tools?.finish(run, outcome, self.system.clock.now());
      return next(actor, self);
    },
    flush: (_, actor, self) => {
      actor.live.flush();
      return next(actor, self);
    },
    startRun: (_, actor, self) => {
      actor.live.phases.start();
      return next(actor, self);
    },
    noContext: ({ error }, actor, self) => {
      actor.live.phases.noContext(error);
      return next(actor, self);
    },
    tick: (_, actor, self) => {
      const { live } = actor;
      live.ping();
      const idleMs = self.system.clock.now() - live.lastUsedMs;
      return !live.isBusy && idleMs >= actor.args.runtime.passivateMs
        ? stop('normal', actor)
        : noreply(actor);
    },
  },

  /** An executor died with our runs: what they told is void, and what becomes of each is the state machine's to say. */
  handleDown: ({ ref }, actor, self) => {
    actor.watched.delete(ref.id);
    const { live } = actor;
    const nowMs = self.system.clock.now();
    const error = { type: 'worker_lost', message: 'the executor was restarted' };
    for (const run of live.phases.steps.lose(ref)) {
      live.tell(run, { type: 'retry', delayMs: 0, error });
      live.submit({ type: 'lost', runId: run.id });
    }
    for (const run of live.phases.tools?.lose(ref, nowMs) ?? [])
      live.submit({ type: 'lost', runId: run.id });
    return next(actor, self);
  },

  /** Names and numbers only; the turn is there for the log, which finds all of it by its trace. */
  redact: ({ live, args }) => {
    const { version, status, openTurns } = live.committed.head;
    const [first] = openTurns;
    const turn = first && { turnId: first.turnId, traceId: first.traceId };
    return { ...args.key, ...turn, version, status, openTurns: openTurns.length };
  },
});

type SessionSelf = Self<SessionProtocol>;

/** A session as it is stored. */
interface Opened {
  readonly session: SessionReader;
  /** Ends of turns that somebody still has to be told. */
  readonly missed: readonly Publication[];
  /** Its first turn is of a call that has ended. */
  readonly isUnwanted: boolean;
}

const begin = (
  args: SessionArgs,
  self: SessionSelf,
  { session, missed, isUnwanted }: Opened,
): Actor => {
  const name = keyString(args.key);
  // First: it fails for an actor that has died while it waited, and that must not write any more (P2).
  self.system.fetch(liveName).register(name, self.ref, self.ref);
  const actor: Actor = {
    args,
    name,
    live: new CommitLoop(args, mailboxOf(self), session),
    watched: new Set(),
  };
  self.own(() => leave(actor));
  const parked = args.runtime.parking.get(name);
  if (parked !== undefined && actor.live.committed.head.version > 0)
    actor.live.submit({ type: 'park', error: parked });
  else if (actor.live.committed.head.openTurns.length > 0)
    actor.live.submit({ type: 'resume', isUnwanted });
  if (actor.live.committed.head.offers !== undefined) actor.live.submit({ type: 'settle' });
  if (actor.live.committed.head.version === 0) args.runtime.parking.delete(name); // nothing to write down
  for (const publication of missed) args.runtime.feed.tellReaders(publication);
  self.sendEvery(Math.min(PING_MS, args.runtime.passivateMs), 'tick');
  return actor;
};

/** However it ends, killed too: nothing of it stays, and nobody works for it. */
const leave = ({ args, live, name }: Actor): void => {
  live.phases.end();
  args.runtime.cache.drop(name);
  args.runtime.activity.set(name, false);
};

/** Of turns that were closed by an actor that died before it could say so: their readers still wait. */
const missedEnds = async (
  { key, runtime }: SessionArgs,
  system: System,
  session: SessionReader,
): Promise<readonly Publication[]> => {
  const open = new Set(session.head && unfinishedTurns(session.head).map(({ turnId }) => turnId));
  const missed: Publication[] = [];
  for (const turnId of runtime.feed.readTurns(key)) {
    const closed = open.has(turnId) ? undefined : await session.turn(turnId);
    if (closed !== undefined)
      missed.push(await closedPublication(session, closed, system.clock.now()));
  }
  return missed;
};

/**
 * The session, opened when what is stored is the whole truth: there is a journal, and no commit of an earlier actor is
 * on its way. A journal that is restarting is worth waiting for: a session that fails to start would use up its budget.
 */
const openSettled = async (args: SessionArgs, { system }: SessionSelf): Promise<Opened> => {
  const { clock } = system;
  const untilMs = clock.monotonic() + JOURNAL_WAIT_MS;
  const look = () =>
    new Promise<void>((resolve) => void clock.setTimeout(resolve, JOURNAL_LOOK_MS));
  for (;;) {
    while (!isSettled(args, system) && clock.monotonic() < untilMs) await look();
    try {
      const journal = system.fetch(journalName);
      const session = await journal.open(args.key);
      const missed = await missedEnds(args, system, session);
      return { session, missed, isUnwanted: await isOrphan(session.head, journal) };
    } catch (error) {
      if (codeOf(error) !== 'unavailable' || clock.monotonic() >= untilMs) throw error;
    }
    await look();
  }
};

const isSettled = ({ key, runtime }: SessionArgs, system: System): boolean =>
  system.find(journalName) !== undefined && !runtime.commits.has(keyString(key));

const mailboxOf = (self: SessionSelf): Mailbox => ({
  system: self.system,
  committing: (commit: Promise<void>) =>
    self.pipe(
      commit,
      () => ['durable', undefined],
      (error) => ['commitFailed', { error }],
    ),
  reading: (done: Promise<() => void>) =>
    self.pipe(
      done,
      (goOn) => ['read', { goOn }],
      (error) => ['readFailed', { error }],
    ),
  stepEvents: (run: RunId, batch: readonly StepEvent[]) => self.send('stepEvents', { run, batch }),
  stepOutcome: (run: RunId, outcome: StepOutcome) => self.send('stepOutcome', { run, outcome }),
  reserving: (run: RunId, bytes: number, done: Promise<Granted | Short>) =>
    self.pipe(
      done,
      (outcome) => ['reserved', { run, bytes, outcome }],
      (error) => ['notReserved', { run, error }],
    ),
  toolAsks: (run: RunId, question: ToolQuestion | undefined) =>
    self.send('toolAsks', { run, question }),
  toolOutcome: (run: RunId, outcome: ToolOutcome) => self.send('toolOutcome', { run, outcome }),
  later: (what: 'flush' | 'startRun', delayMs: number) => void self.sendAfter(delayMs, what),
  building: (done: Promise<void>) =>
    self.pipe(
      done,
      () => ['startRun', undefined],
      (error) => ['noContext', { error }],
    ),
  rest: () => self.send('rest'),
});

/** A ledger that died, or is too busy, is asked again: the turn has its place in the store. */
const asUnavailable = (error: unknown): unknown =>
  ['timeout', 'noproc', 'mailbox_full', 'callee_died'].includes(
    String((error as { code?: unknown }).code),
  )
    ? new GreenroomError('unavailable', 'the ledger did not answer', { cause: error })
    : error;

const NO_RUNS: readonly ToolRun[] = [];

const watch = ({ watched }: Actor, self: SessionSelf, executor: ActorRef): void => {
  if (watched.has(executor.id)) return;
  watched.add(executor.id);
  self.monitor(executor);
};

/** After each message: watch who runs something for us; leave when there is nothing to stay for. */
const next = (actor: Actor, self: SessionSelf) => {
  const { live, args, name } = actor;
  for (const { executor } of live.phases.steps.runs()) watch(actor, self, executor);
  for (const { executor } of live.phases.tools?.runs() ?? NO_RUNS) watch(actor, self, executor);
  args.runtime.activity.set(name, live.isWorking);
  leaveIfNothing(actor, self);
  if (!live.stopping) return noreply(actor);
  args.runtime.parking.delete(name);
  return stop('normal', actor);
};

/**
 * A name that no session has was only asked for: an actor that stayed for it would be counted as live, and take
 * the place of a session. It goes behind the messages that wait, any of which may make the session.
 */
const leaveIfNothing = ({ live }: Actor, self: SessionSelf): void => {
  if (live.committed.head.version === 0 && !live.isBusy) self.send('rest');
};

const tellStepEvents = (live: CommitLoop, runId: RunId, batch: readonly StepEvent[]): void => {
  const run = live.phases.steps.run(runId);
  if (run === undefined) return;
  for (const event of batch) {
    if (event.type === 'retry') run.retries += 1;
    live.tell(run, event);
  }
};

const endStep = (live: CommitLoop, runId: RunId, outcome: StepOutcome): void => {
  const run = live.phases.steps.run(runId);
  if (run === undefined) return;
  crashpoint('step.outcome');
  live.phases.steps.finish(runId);
  const { retries, bytes, summing } = run;
  if (summing === undefined) live.submit({ type: 'step', runId, retries, outcome, bytes });
  else live.submit(summed(runId, { retries, bytes, outcome }, summing));
};

const summed = (
  runId: RunId,
  came: Pick<InputOf<'summed'>, 'retries' | 'bytes' | 'outcome'>,
  { place, tokens }: Summing,
): InputOf<'summed'> => {
  const { outcome } = came;
  const input = { type: 'summed', runId, ...came, place, tokens } as const;
  return isSummary(outcome) ? { ...input, summary: outcome.text } : input;
};
