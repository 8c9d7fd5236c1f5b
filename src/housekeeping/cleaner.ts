/**
 * The cleaner: deletes sessions that have been quiet for too long, and those that the operator's rules name, by its own
 * schedule and on demand, and gives back the space of whatever was deleted. It owns the schedule and the line of jobs.
 *
 * 1. It deletes nothing itself: it asks each session to go, which refuses if it changed since.
 * 2. One job at a time, one batch per message, the loop between two batches.
 * 3. It keeps nothing on disk. Stopped in the middle, the next sweep finds what is left: a session is
 *    either deleted or as it was. Each start begins a new interval: the first sweep is one interval
 *    after the start, also after a crash.
 * 4. A session that cannot be deleted is counted and passed over; what else fails crashes the cleaner.
 */
import { z } from 'zod';
import type { CatalogRow } from '../model/catalog-row.ts';
import { codeOf, type ErrorCode, GreenroomError } from '../model/errors.ts';
import type { SessionKey, Tenant } from '../model/ids.ts';
import { hasEnded } from '../model/words.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { From } from '../otp/message.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import { crashpoint } from '../platform/crashpoint.ts';
import { catalogName } from '../session/ports/catalog.ts';
import { type JournalUpkeep, journalName } from '../session/ports/journal.ts';
import { type CleanupReport, type RetentionReport, sweeperName } from '../session/ports/sweeper.ts';
import type { Measure } from './kept.ts';
import { isNews, noticeOf, type SweptNotice } from './notice.ts';
import type { Rule } from './retention-rules.ts';
import { type Outcome, type Stored, Sweep, type SweepRequest } from './sweep.ts';
import { requestOf, ruleRequest, rulesFor, scheduledFor } from './sweep-requests.ts';

const HOUR_MS = 3_600_000;
/** How often the space of deleted sessions is given back. */
const PURGE_INTERVAL_MS = 60_000;
/** Deleted sessions whose records are removed in one go, by small transactions. */
const PURGE_LIMIT = 100;
/** Requests of a tenant that may wait for the sweep under way; one more is refused as `unavailable`. */
const MAX_WAITING = 16;
/** Failed deletions after which a sweep gives up: it is not the sessions then. */
const MAX_FAILED = 100;

/** What a session answers that is no longer what the sweep saw. */
const CHANGED: readonly ErrorCode[] = [
  'invalid_state',
  'version_conflict',
  'session_not_found',
  'session_deleted',
];

export interface CleanerArgs {
  /** 0 = no schedule of its own. */
  readonly intervalHours: number;
  /** Age for the schedule, and for requests that name none; 0 = none goes by its age alone. */
  readonly maxAgeDays: number;
  /** What goes besides, by the same schedule. */
  readonly rules: readonly Rule[];
  /** Has a session delete itself, if it is still at this version and has no open turn. */
  readonly remove: (key: SessionKey, by: string, ifVersion: number) => Promise<void>;
  /** Age at which ended sessions are archived; 0 = they are not. */
  readonly archiveDays: number;
  /** Has a session archived; resolves when it is durable that it will be. */
  readonly archive: (key: SessionKey, by: string) => Promise<void>;
  /** Of a session that stands in an archive; undefined: it stands in none that is there. */
  readonly stored: (key: SessionKey) => Promise<Stored | undefined>;
  /** Writes the session's export into a folder; resolves when it is on disk. */
  readonly keepCopy: (key: SessionKey, folder: string) => Promise<void>;
  /** Told of each sweep that was not a dry run and found something, or that somebody asked for. */
  readonly announce: (notice: SweptNotice) => void;
}

type Purged = Awaited<ReturnType<JournalUpkeep['purge']>>;
interface Attempt {
  readonly row: CatalogRow;
  readonly outcome: Outcome;
  readonly stored?: Stored | undefined;
  /** What deleting it would free; of a dry run. */
  readonly bytes?: number;
  readonly error?: unknown;
}

export const cleanerProtocol = protocol({
  calls: {
    sweep: { request: z.custom<SweepRequest>(), reply: z.custom<CleanupReport>() },
  },
  infos: {
    intervalOver: z.void(),
    purgeDue: z.void(),
    step: z.void(),
    /** undefined: all were looked at. */
    found: z.custom<readonly CatalogRow[] | undefined>(),
    removed: z.custom<readonly Attempt[]>(),
    purged: z.custom<Purged>(),
    failed: z.unknown(),
  },
});
type Protocol = typeof cleanerProtocol;
type CleanerSelf = Self<Protocol>;

/** A sweep between two purges, or a purge alone. */
interface Job {
  readonly sweep: Sweep | undefined;
  readonly from: From<CleanupReport> | undefined;
  /** What was deleted before the sweep is purged: it is not among what the sweep frees. */
  isAlone: boolean;
  /** What the purge gave back: of what the sweep deleted, and of what others deleted while it ran. */
  freedBytes: number;
}

interface State {
  readonly args: CleanerArgs;
  readonly current: Job | undefined;
  readonly waiting: readonly Job[];
}

const Cleaner = genServer(cleanerProtocol, {
  init: (args: CleanerArgs, self): State => {
    if (args.intervalHours > 0 && (args.maxAgeDays > 0 || args.rules.length > 0))
      self.sendEvery(args.intervalHours * HOUR_MS, 'intervalOver');
    self.sendEvery(PURGE_INTERVAL_MS, 'purgeDue');
    const sweep = (request: SweepRequest) =>
      self.ref.call('sweep', request, { timeoutMs: Infinity });
    self.register(sweeperName, {
      sweep: (tenant, order) => sweep(requestOf(args, tenant, order)),
      retain: async (tenant, { rule: name, ...order }) => {
        const reports: RetentionReport[] = [];
        for (const rule of rulesFor(args, tenant, name)) {
          const nowMs = self.system.clock.now();
          reports.push({
            rule: rule.name,
            ...(await sweep(ruleRequest(rule, tenant, order, nowMs))),
          });
        }
        return reports;
      },
    });
    return { args, current: undefined, waiting: [] };
  },

  handleCall: {
    sweep: (request, state, self, from) => {
      if (state.waiting.filter((job) => isAskedBy(job, request.tenant)).length < MAX_WAITING)
        return noreply(enqueue(state, [sweepJob(request, self, from)], self));
      from.fail(new GreenroomError('unavailable', `${MAX_WAITING} sweeps wait already`));
      return noreply(state);
    },
  },

  handleInfo: {
    intervalOver: (_, state, self) => {
      if (jobsOf(state).some(isScheduled)) return noreply(state); // the last one is still at it
      const tenants = self.system.fetch(catalogName).tenants();
      const nowMs = self.system.clock.now();
      const jobs = tenants
        .flatMap((tenant) => scheduledFor(state.args, tenant, nowMs))
        .map((request) => sweepJob(request, self));
      return noreply(enqueue(state, jobs, self));
    },
    purgeDue: (_, state, self) =>
      noreply(jobsOf(state).length > 0 ? state : enqueue(state, [purgeJob()], self)),
    step: (_, state, self) => noreply(step(state, self)),
    found: (rows, state, self) => noreply(afterLook(rows, state, self)),
    removed: (attempts, state, self) => {
      if (state.current?.sweep !== undefined) note(state.current.sweep, attempts);
      crashpoint('cleanup.batch');
      self.sendAfter(0, 'step');
      return noreply(state);
    },
    purged: (purged, state, self) => noreply(afterPurge(purged, state, self)),
    failed: (error) => {
      throw error; // a bug or a broken store: the supervisor decides
    },
  },

  redact: ({ current, waiting }) => ({ sweep: current?.sweep?.counts, waiting: waiting.length }),
});

const sweepJob = (request: SweepRequest, self: CleanerSelf, from?: From<CleanupReport>): Job => ({
  sweep: new Sweep(request, self.system.clock.now(), measureBy(self)),
  from,
  isAlone: request.dryRun,
  freedBytes: 0,
});

/** By the journal of the moment: it may have been restarted. */
const measureBy =
  ({ system }: CleanerSelf): Measure =>
  ({ key }) =>
    system.fetch(journalName).bytesOf(key);

const purgeJob = (): Job => ({
  sweep: undefined,
  from: undefined,
  isAlone: true,
  freedBytes: 0,
});

const jobsOf = ({ current, waiting }: State): readonly Job[] =>
  current === undefined ? waiting : [current, ...waiting];

const isScheduled = ({ sweep, from }: Job): boolean => sweep !== undefined && from === undefined;

const isAskedBy = ({ sweep, from }: Job, tenant: Tenant): boolean =>
  from !== undefined && sweep?.request.tenant === tenant;

const enqueue = (state: State, jobs: readonly Job[], self: CleanerSelf): State =>
  begin({ ...state, waiting: [...state.waiting, ...jobs] }, self);

const begin = (state: State, self: CleanerSelf): State => {
  const [next, ...waiting] = state.waiting;
  if (state.current !== undefined || next === undefined) return state;
  self.sendAfter(0, 'step');
  return { ...state, current: next, waiting };
};

/** A step of the purge before the sweep, one batch of the sweep, or a step of the purge after it. */
const step = (state: State, self: CleanerSelf): State => {
  const { current } = state;
  if (current === undefined) return state;
  const { sweep } = current;
  if (sweep === undefined || !current.isAlone) purge(self);
  else
    self.pipe(
      sweep.next(self.system.fetch(catalogName)),
      (rows) => ['found', rows],
      (error) => ['failed', error],
    );
  return state;
};

/** The batch goes; after the last one comes the purge. */
const afterLook = (
  rows: readonly CatalogRow[] | undefined,
  state: State,
  self: CleanerSelf,
): State => {
  const sweep = state.current?.sweep;
  if (sweep !== undefined && rows !== undefined) remove(sweep, rows, state.args, self);
  else if (sweep?.request.dryRun === true) return finish(state, self);
  else purge(self);
  return state;
};

const remove = (
  sweep: Sweep,
  rows: readonly CatalogRow[],
  args: CleanerArgs,
  self: CleanerSelf,
): void => {
  const { dryRun, rule } = sweep.request;
  const attempts = dryRun
    ? oneByOne(rows, (row) => imagined(row, sweep.request, args, measureBy(self)))
    : rule?.exportTo === undefined
      ? Promise.all(rows.map((row) => attempt(row, sweep.request, args)))
      : oneByOne(rows, (row) => attempt(row, sweep.request, args));
  self.pipe(
    attempts,
    (outcomes) => ['removed', outcomes],
    (error) => ['failed', error],
  );
};

const isArchivedFirst = (row: CatalogRow, { archivesFirst }: SweepRequest): boolean =>
  archivesFirst === true && hasEnded(row) && row.status !== 'archived';

const storedOf = async ({ key, hasArchive }: CatalogRow, { stored }: CleanerArgs) =>
  hasArchive === true ? stored(key) : undefined;

/** What would become of it. */
const imagined = async (
  row: CatalogRow,
  request: SweepRequest,
  args: CleanerArgs,
  measure: Measure,
): Promise<Attempt> => {
  if (isArchivedFirst(row, request)) return { row, outcome: 'archiving' };
  const stored = await storedOf(row, args);
  return { row, outcome: 'deleted', stored, bytes: await measure(row) };
};

/** Exports are large, and so is what is measured: one at a time. */
const oneByOne = async (
  rows: readonly CatalogRow[],
  one: (row: CatalogRow) => Promise<Attempt>,
): Promise<Attempt[]> => {
  const attempts: Attempt[] = [];
  for (const row of rows) attempts.push(await one(row));
  return attempts;
};

/** What has changed since its export was written is not deleted: the version is another one. */
const attempt = async (
  row: CatalogRow,
  request: SweepRequest,
  args: CleanerArgs,
): Promise<Attempt> => {
  const { by, rule } = request;
  const { remove: removeSession, keepCopy, archive } = args;
  try {
    if (isArchivedFirst(row, request)) {
      await archive(row.key, by);
      return { row, outcome: 'archiving' };
    }
    const stored = await storedOf(row, args);
    if (rule?.exportTo !== undefined) await keepCopy(row.key, rule.exportTo);
    await removeSession(row.key, by, row.version);
    return { row, outcome: 'deleted', stored };
  } catch (error) {
    return { row, outcome: CHANGED.includes(codeOf(error)) ? 'changed' : 'failed', error };
  }
};

const note = (sweep: Sweep, attempts: readonly Attempt[]): void => {
  for (const { row, outcome, stored, bytes, error } of attempts) {
    sweep.note(row, outcome, stored, bytes);
    if (sweep.counts.failed > MAX_FAILED)
      throw new GreenroomError('unavailable', `${MAX_FAILED} sessions could not be deleted`, {
        cause: error,
      });
  }
};

const purge = (self: CleanerSelf): void =>
  self.pipe(
    self.system.fetch(journalName).purge(PURGE_LIMIT),
    (purged) => ['purged', purged],
    (error) => ['failed', error],
  );

const afterPurge = ({ bytes, left }: Purged, state: State, self: CleanerSelf): State => {
  const { current } = state;
  if (current === undefined) return state;
  if (current.isAlone) current.freedBytes += bytes;
  if (current.isAlone && !left) return finish(state, self);
  current.isAlone ||= !left;
  self.sendAfter(0, 'step');
  return state;
};

const finish = (state: State, self: CleanerSelf): State => {
  const { current, args } = state;
  if (current?.sweep !== undefined) {
    const report = current.sweep.report(current.freedBytes);
    current.from?.reply(report);
    const notice = noticeOf(current.sweep, report, self.system.clock.now());
    if (!report.dryRun && (current.from !== undefined || isNews(notice))) args.announce(notice);
  }
  return begin({ ...state, current: undefined }, self);
};

/** Needs journal, catalog and sessions by their names, each time anew: they may have been restarted. */
export const cleaner = (args: CleanerArgs): ChildSpec<Ref<Protocol>> =>
  Cleaner.childSpec(args, { id: 'cleaner' });
