/**
 * The retagger: changes tags on many sessions, in the background. It owns the line of such changes, and remembers what
 * became of the last ones.
 *
 * 1. It changes nothing itself: it asks each session, which commits its new tags and nothing else.
 * 2. One job at a time, one batch per message, the loop between two batches. Tenants have their turns.
 * 3. It keeps nothing on disk. A change that a crash has ended is asked for again: it goes on with what is left.
 */
import { z } from 'zod';
import type { CatalogRow } from '../model/catalog-row.ts';
import { codeOf, type ErrorCode, GreenroomError } from '../model/errors.ts';
import { newJobId, type SessionKey, type Tenant } from '../model/ids.ts';
import { iso } from '../model/moment.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, noreply, protocol, reply } from '../otp/gen-server.ts';
import type { From } from '../otp/message.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import { catalogName } from '../session/ports/catalog.ts';
import {
  type JobState,
  type RetagJob,
  type RetagOrder,
  retaggerName,
} from '../session/ports/retagger.ts';
import type { Retag } from '../tags/retag.ts';
import { type Changed, RetagRun } from './retag-run.ts';

/** Changes of a tenant that may wait for the one under way; one more is refused as `unavailable`. */
const MAX_WAITING = 16;
/** Changes that are over and still told of. */
const MAX_REMEMBERED = 100;
/** Failures of sessions after which a change gives up: it is not the sessions then. */
const MAX_FAILED = 1_000;
/** It was deleted before its turn came. */
const GONE: readonly ErrorCode[] = ['session_not_found', 'session_deleted'];

export interface RetaggerArgs {
  /** Has a session change its tags; resolves with whether that changed anything. */
  readonly change: (key: SessionKey, retag: Retag) => Promise<boolean>;
  /** Told of each change that is over. */
  readonly announce: (tenant: Tenant, notice: RetaggedNotice) => void;
}

/** What a change says of itself to the world (P7). */
export interface RetaggedNotice extends Omit<RetagJob, 'criteria'> {
  readonly type: 'sessions.retagged';
  readonly at: string;
}

interface Named {
  readonly tenant: Tenant;
  readonly jobId: string;
}

export const retaggerProtocol = protocol({
  calls: {
    start: {
      request: z.custom<{ readonly tenant: Tenant; readonly order: RetagOrder }>(),
      reply: z.custom<RetagJob>(),
    },
    ended: { request: z.custom<Named>(), reply: z.custom<RetagJob | undefined>() },
    list: { request: z.custom<Tenant>(), reply: z.custom<readonly RetagJob[]>() },
    look: { request: z.custom<Named>(), reply: z.custom<RetagJob | undefined>() },
    stop: { request: z.custom<Named>(), reply: z.custom<RetagJob | undefined>() },
  },
  infos: {
    step: z.custom<RetagRun>(),
    found: z.custom<{ readonly run: RetagRun; readonly rows: readonly CatalogRow[] | undefined }>(),
    changed: z.custom<{ readonly run: RetagRun; readonly outcomes: readonly Changed[] }>(),
    failed: z.custom<{ readonly run: RetagRun; readonly error: unknown }>(),
  },
});
type Protocol = typeof retaggerProtocol;
type RetaggerSelf = Self<Protocol>;

interface State {
  readonly args: RetaggerArgs;
  /** In the order in which they were asked for: over, running, waiting. */
  readonly runs: RetagRun[];
  /** Tenants in the order in which they had their last turn. */
  turns: readonly Tenant[];
  readonly waiters: { readonly run: RetagRun; readonly from: From<RetagJob | undefined> }[];
}

const Retagger = genServer(retaggerProtocol, {
  init: (args: RetaggerArgs, self): State => {
    const { ref, system } = self;
    self.register(retaggerName, {
      start: (tenant, order) => ref.call('start', { tenant, order }),
      list: (tenant) => ref.call('list', tenant),
      stop: (tenant, jobId) => ref.call('stop', { tenant, jobId }),
      ended: async (tenant, jobId, timeoutMs) => {
        const name = { tenant, jobId };
        const late = system.clock.monotonic() + timeoutMs;
        return ref.call('ended', name, { timeoutMs }).catch((error: unknown) => {
          if (system.clock.monotonic() < late) throw error;
          return ref.call('look', name);
        });
      },
    });
    return { args, runs: [], turns: [], waiters: [] };
  },

  handleCall: {
    start: ({ tenant, order }, state, self, from) => {
      if (waiting(state).filter((run) => run.tenant === tenant).length >= MAX_WAITING) {
        from.fail(new GreenroomError('unavailable', `${MAX_WAITING} changes of tags wait already`));
        return noreply(state);
      }
      const nowMs = self.system.clock.now();
      const run = new RetagRun(tenant, newJobId(nowMs), order, nowMs);
      state.runs.push(run);
      begin(state, self);
      return reply(run.view(), state);
    },
    ended: (name, state, _, from) => {
      const run = runNamed(state, name);
      if (run === undefined || (run.isOver && !run.isChanging)) return reply(run?.view(), state);
      state.waiters.push({ run, from });
      return noreply(state);
    },
    list: (tenant, state) =>
      reply(
        state.runs
          .filter((run) => run.tenant === tenant)
          .map((run) => run.view())
          .toReversed(),
        state,
      ),
    look: (name, state) => reply(runNamed(state, name)?.view(), state),
    stop: (name, state, self) => {
      const run = runNamed(state, name);
      if (run !== undefined && !run.isOver) end(state, run, 'stopped', self);
      return reply(run?.view(), state);
    },
  },

  handleInfo: {
    step: (run, state, self) => {
      if (run.isOver) return noreply(state);
      self.pipe(
        run.next(self.system.fetch(catalogName)),
        (rows) => ['found', { run, rows }],
        (error) => ['failed', { run, error }],
      );
      return noreply(state);
    },
    found: ({ run, rows }, state, self) => {
      if (run.isOver) return noreply(state);
      if (rows === undefined) end(state, run, 'done', self);
      else {
        run.isChanging = true;
        self.pipe(
          Promise.all(rows.map(({ key }) => attempt(key, run.retag, state.args))),
          (outcomes) => ['changed', { run, outcomes }],
          (error) => ['failed', { run, error }],
        );
      }
      return noreply(state);
    },
    changed: ({ run, outcomes }, state, self) => {
      run.note(outcomes);
      if (run.isOver) tell(state, run, self);
      if (!run.isOver && run.failed > MAX_FAILED) end(state, run, 'failed', self);
      if (!run.isOver) self.sendAfter(0, 'step', run);
      return noreply(state);
    },
    failed: ({ run, error }, state, self) => {
      if (!run.isOver) end(state, run, 'failed', self, error);
      return noreply(state);
    },
  },

  redact: ({ runs }) => runs.map((run) => run.view()),
});

const running = ({ runs }: State): RetagRun | undefined =>
  runs.find((run) => run.state === 'running');

const runNamed = ({ runs }: State, { tenant, jobId }: Named): RetagRun | undefined =>
  runs.find((run) => run.tenant === tenant && run.jobId === jobId);

const waiting = ({ runs }: State): readonly RetagRun[] =>
  runs.filter((run) => run.state === 'waiting');

/** The first one of the tenant whose last turn is longest ago: who asks for many waits for others, and not they for it. */
const nextOf = (state: State): RetagRun | undefined => {
  const sinceTurn = ({ tenant }: RetagRun): number => state.turns.indexOf(tenant);
  return waiting(state).toSorted((a, b) => sinceTurn(a) - sinceTurn(b))[0];
};

const begin = (state: State, self: RetaggerSelf): void => {
  const next = nextOf(state);
  if (running(state) !== undefined || next === undefined) return;
  next.state = 'running';
  const wait = new Set(waiting(state).map(({ tenant }) => tenant));
  const { tenant } = next;
  state.turns = [...state.turns.filter((one) => one !== tenant && wait.has(one)), tenant];
  self.sendAfter(0, 'step', next);
};

/** A session that is gone has no tags to change. */
const attempt = async (
  key: SessionKey,
  retag: Retag,
  { change }: RetaggerArgs,
): Promise<Changed> => {
  try {
    return await change(key, retag);
  } catch (error) {
    return GONE.includes(codeOf(error) as ErrorCode) ? false : { error };
  }
};

const end = (
  state: State,
  run: RetagRun,
  how: JobState,
  self: RetaggerSelf,
  error?: unknown,
): void => {
  const began = run.state === 'running';
  run.end(how, error);
  const { runs } = state;
  const over = runs.filter((each) => each.isOver);
  for (const each of over.slice(0, Math.max(0, over.length - MAX_REMEMBERED)))
    runs.splice(runs.indexOf(each), 1);
  // One that is stopped in the middle is told of when it is known what it has changed.
  if (!run.isChanging) tell(state, run, self, began);
  begin(state, self);
};

/** To who waits for its end, and to the world. */
const tell = ({ waiters, args }: State, run: RetagRun, self: RetaggerSelf, began = true): void => {
  for (const waiter of waiters.filter((one) => one.run === run)) {
    waiters.splice(waiters.indexOf(waiter), 1);
    waiter.from.reply(run.view());
  }
  if (!began) return;
  const { criteria: _, ...job } = run.view(); // they may name thousands of sessions
  const at = iso(self.system.clock.now());
  args.announce(run.tenant, { type: 'sessions.retagged', at, ...job });
};

/** Needs catalog and sessions by their names, each time anew: they may have been restarted. */
export const retagger = (args: RetaggerArgs): ChildSpec<Ref<Protocol>> =>
  Retagger.childSpec(args, { id: 'retagger' });
