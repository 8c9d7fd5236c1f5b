/**
 * The archiver: works on the archives that are due, by the journal's due index, those that have waited longest first. It
 * owns who is worked on now, how often a place has failed, and nothing that a restart could lose.
 *
 * 1. An archive is worked on by one at a time, and so many at once. What a dead daemon was at is due still.
 * 2. What fails for a reason that may pass is tried again, later each time; else, or after so many times, it has failed.
 * 3. A place that keeps failing is left alone for a while: the archives of the others go on.
 */
import { z } from 'zod';
import type { DefinitionKey } from '../model/definition.ts';
import { codeOf, ERRORS, type ErrorCode, GreenroomError } from '../model/errors.ts';
import type { SessionKey } from '../model/ids.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import type { System } from '../otp/system.ts';
import {
  type ArchiveObject,
  type Archiver,
  archiverName,
  isAsked,
  NEVER_MS,
  type Progress,
  type StoredArchive,
} from '../session/ports/archives.ts';
import { catalogName } from '../session/ports/catalog.ts';
import { type DueEntry, journalName } from '../session/ports/journal.ts';
import { archiveSession, dueOf } from './archive-session.ts';
import { tidyUp, workOn } from './archive-tasks.ts';
import { archiveAged, archiveRuns } from './auto-archive.ts';
import type { Ground } from './ground.ts';
import { type KnownArchive, keyOf } from './records.ts';

/** Longest time between two looks. */
const LOOK_MS = 1_000;
/** How often sessions are looked for that are old enough to be archived by themselves. */
const AUTO_MS = 3_600_000;
/** The same of runs of tasks. */
const RUNS_MS = 60_000;
/** How often it is told how far an archive is. */
const TELL_MS = 1_000;
/** Archives that are looked at in one go, and at most, to find some to work on: those of a place that rests are passed over. */
const LOOKED_AT = 10;
const MOST_LOOKED_AT = 500;
/** Attempts of one thing that is asked. */
const MAX_TRIES = 8;
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 15 * 60_000;
/** How soon what was given up is begun anew, where it is due still. */
const OVER_MS = 3_600_000;
/** Failures of a place in a row, and how long it is left alone then. */
const FAILURES = 5;
const REST_MS = 30_000;

/** Codes that pass though the table says otherwise: it is not the caller who would try again. */
const PASSING: readonly ErrorCode[] = ['version_conflict', 'internal'];

export interface ArchiverArgs extends Pick<Archiver, 'placeFor' | 'compression'> {
  readonly atOnce: number;
  /** Age at which sessions that have ended are archived by themselves; 0: they are not. */
  readonly autoArchiveMs: number;
  /** Has one archived; resolves when it is durable that it will be. */
  readonly archive: (key: SessionKey) => Promise<void>;
  /** What the work stands on; `staging` is emptied when the archiver starts. */
  readonly ground: (system: System, progress: Ground['progress']) => Ground;
  readonly emptyStaging: () => Promise<void>;
  /** Told of each step of an archive that others may want to hear of. */
  readonly tell: (
    key: DefinitionKey,
    record: StoredArchive,
    step: 'completed' | 'failed' | 'deleted',
  ) => void;
  /** Told now and then how far one is. */
  readonly tellProgress: (key: DefinitionKey, record: StoredArchive, progress: Progress) => void;
}

const archiverProtocol = protocol({
  calls: {},
  infos: {
    look: z.void(),
    autoArchive: z.void(),
    archiveRuns: z.void(),
    ready: z.void(),
    found: z.custom<readonly KnownArchive[]>(),
    ended: z.custom<{ readonly archive: KnownArchive; readonly error?: unknown }>(),
    noted: z.custom<{ readonly archive: KnownArchive }>(),
    failed: z.custom<{ readonly during: string; readonly error: unknown }>(),
  },
});
type Protocol = typeof archiverProtocol;
type ArchiverSelf = Self<Protocol>;

interface State {
  readonly args: ArchiverArgs;
  readonly ground: Ground;
  readonly running: Map<string, AbortController>;
  /** Who waits for the end of what is asked of an archive. */
  readonly waiting: Map<string, Set<() => void>>;
  /** By place: failures in a row, and, monotonic, until when it is left alone. */
  readonly places: Map<string, { failures: number; untilMs: number }>;
  /** By archive that is worked on, and, monotonic, when it was told last. */
  readonly progress: Map<string, { readonly now: Progress; readonly toldMs: number }>;
  isReady: boolean;
  isLooking: boolean;
}

const ArchiverServer = genServer(archiverProtocol, {
  init: (args: ArchiverArgs, self): State => {
    const progress: State['progress'] = new Map();
    const ground = args.ground(self.system, ({ key, record }, now) => {
      const known = progress.get(nameOf(key));
      const nowMs = self.system.clock.monotonic();
      const isTold = known === undefined || nowMs - known.toldMs >= TELL_MS;
      progress.set(nameOf(key), { now, toldMs: isTold ? nowMs : known.toldMs });
      if (isTold) args.tellProgress(key, record, now);
    });
    const state: State = {
      ...{ args, ground, running: new Map(), waiting: new Map(), places: new Map(), progress },
      ...{ isReady: false, isLooking: false },
    };
    const ending = new AbortController();
    self.own(() => {
      const why = new GreenroomError('draining', 'the archiver ends');
      for (const controller of [ending, ...state.running.values()]) controller.abort(why);
    });
    self.register(archiverName, {
      placeFor: args.placeFor,
      compression: args.compression,
      look: () => self.send('look'),
      progress: (key) => progress.get(nameOf(key))?.now,
      settled: (key, timeoutMs) => settled(state, self, key, timeoutMs),
      takeOver: (place) => ground.takeOver(ground.target(place), ending.signal),
      read: (record, object, from, to) => read(ground, record, object, from, to),
    });
    self.pipe(
      prepare(args, ground),
      () => ['ready', undefined],
      (error) => ['failed', { during: 'its start', error }],
    );
    self.sendEvery(LOOK_MS, 'look');
    self.sendEvery(RUNS_MS, 'archiveRuns');
    if (args.autoArchiveMs > 0) self.sendEvery(AUTO_MS, 'autoArchive');
    return state;
  },

  handleCall: {},

  handleInfo: {
    ready: (_, state, self) => {
      state.isReady = true;
      look(state, self);
      return noreply(state);
    },
    archiveRuns: (_, state, self) => {
      const catalog = self.system.find(catalogName);
      const journal = self.system.find(journalName);
      if (catalog === undefined || journal === undefined) return noreply(state);
      self.pipe(
        archiveRuns(catalog, journal, state.args.archive),
        () => ['look', undefined],
        (error) => ['failed', { during: 'archiving runs of tasks', error }],
      );
      return noreply(state);
    },
    autoArchive: (_, state, self) => {
      const catalog = self.system.find(catalogName);
      if (catalog === undefined) return noreply(state);
      self.pipe(
        archiveAged(catalog, state.args, self.system.clock.now()),
        () => ['look', undefined],
        (error) => ['failed', { during: 'archiving what is old enough', error }],
      );
      return noreply(state);
    },
    look: (_, state, self) => {
      look(state, self);
      return noreply(state);
    },
    found: (archives, state, self) => {
      state.isLooking = false;
      for (const archive of archives) begin(state, self, archive);
      return noreply(state);
    },
    ended: ({ archive, error }, state, self) => {
      noteOfPlace(state, self, archive, error);
      self.pipe(
        error === undefined ? told(state, archive) : noteFailure(state, archive, error),
        () => ['noted', { archive }],
        (failure) => {
          report(self, `the record of the archive ${archive.key.name}`, failure);
          return ['noted', { archive }];
        },
      );
      return noreply(state);
    },
    noted: ({ archive: { key } }, state, self) => {
      const name = nameOf(key);
      state.running.delete(name);
      state.progress.delete(name);
      for (const resolve of state.waiting.get(name) ?? []) resolve();
      state.waiting.delete(name);
      look(state, self);
      return noreply(state);
    },
    failed: ({ during, error }, state, self) => {
      state.isLooking = false;
      report(self, during, error);
      return noreply(state);
    },
  },

  redact: ({ running, waiting }) => ({ running: [...running.keys()], waiting: waiting.size }),
});

const nameOf = ({ tenant, name }: DefinitionKey): string => `${tenant}/${name}`;

/** What was on its way is of no use, and how long archives are kept may be another time now. */
const prepare = async (args: ArchiverArgs, ground: Ground): Promise<void> => {
  await args.emptyStaging();
  for await (const { key, record, dueMs } of ground.records.all()) {
    const isDone = record.status === 'completed' && record.isTidy === true;
    if (isDone && !isAsked(record.work) && dueMs !== dueOf(ground, record))
      await ground.records.change(key, (now) => ({ dueMs: dueOf(ground, now) }));
  }
};

const look = (state: State, self: ArchiverSelf): void => {
  const { running, args } = state;
  if (!state.isReady || state.isLooking || running.size >= args.atOnce) return;
  state.isLooking = true;
  self.pipe(
    dueOnes(state),
    (found) => ['found', found],
    (error) => ['failed', { during: 'looking for archives that are due', error }],
  );
};

const dueOnes = async (state: State): Promise<readonly KnownArchive[]> => {
  const { ground, running, args } = state;
  const nowMs = ground.clock.now();
  const found: KnownArchive[] = [];
  let after: DueEntry | undefined;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += LOOKED_AT) {
    const page = await ground.records.due(LOOKED_AT, after);
    for (const entry of page) {
      if (entry.atMs > nowMs || found.length >= args.atOnce - running.size) return found;
      const key = keyOf(entry);
      if (key === undefined || running.has(nameOf(key))) continue;
      const archive = await ground.records.find(key);
      if (archive !== undefined && !isResting(state, archive)) found.push(archive);
    }
    after = page.at(-1);
    if (page.length < LOOKED_AT) return found;
  }
  return found;
};

const isResting = ({ places, ground }: State, { record }: KnownArchive): boolean =>
  (places.get(placeOf(record))?.untilMs ?? 0) > ground.clock.monotonic();

const begin = (state: State, self: ArchiverSelf, archive: KnownArchive): void => {
  const name = nameOf(archive.key);
  if (state.running.has(name) || state.running.size >= state.args.atOnce) return;
  const controller = new AbortController();
  state.running.set(name, controller);
  self.pipe(
    work(state.ground, archive, controller.signal),
    () => ['ended', { archive }],
    (error) => ['ended', { archive, error }],
  );
};

/** What the archive is due for. */
const work = async (ground: Ground, archive: KnownArchive, signal: AbortSignal): Promise<void> => {
  const { key, record } = archive;
  const { status, work: asked } = record;
  if (isAsked(asked)) {
    const now = { ...asked, status: 'in_progress' } as const;
    const known = await ground.records.change(key, () => ({ work: now }));
    const result = await workOn(ground, known, asked.task, signal);
    if (result === undefined) return;
    const ended = { ...now, status: 'completed', endedAtMs: ground.clock.now(), result } as const;
    await ground.records.change(key, (latest) => ({
      work: { ...ended, error: undefined },
      dueMs: dueOf(ground, { ...latest, work: undefined }),
    }));
  } else if (status === 'pending' || status === 'in_progress') {
    await archiveSession(ground, archive, signal);
  } else if (status === 'completed' && record.isTidy !== true)
    await tidyUp(ground, archive, signal);
  else if (status === 'completed' && dueOf(ground, record) <= ground.clock.now()) {
    const task = { kind: 'delete' } as const;
    await workOn(ground, archive, task, signal);
  } else await ground.records.change(key, (latest) => ({ dueMs: dueOf(ground, latest) }));
};

const mayPass = (error: unknown): boolean => {
  const code = codeOf(error);
  return ERRORS[code].retryable || PASSING.includes(code);
};

/** Tried again later, or given up: then it is said why. */
const noteFailure = async (
  { ground, args }: State,
  { key }: KnownArchive,
  cause: unknown,
): Promise<void> => {
  if ((await ground.records.find(key)) === undefined) return;
  const error = { code: codeOf(cause), message: (cause as Error).message.slice(0, 500) };
  const isOver = (tried: number): boolean => !mayPass(cause) || tried >= MAX_TRIES;
  const nowMs = ground.clock.now();
  const again = (tried: number): number =>
    nowMs + Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tried - 1));
  const { record } = await ground.records.change(key, (latest) => {
    if (isAsked(latest.work)) {
      const tried = latest.work.tried + 1;
      const status = isOver(tried) ? 'failed' : 'pending';
      const ended = isOver(tried) ? { endedAtMs: nowMs } : {};
      return {
        work: { ...latest.work, tried, error, status, ...ended },
        // One that is to go by its age is due still, and what does not pass would be tried at once, for ever.
        dueMs: isOver(tried)
          ? Math.max(dueOf(ground, { ...latest, work: undefined }), nowMs + OVER_MS)
          : again(tried),
      };
    }
    const tried = latest.tried + 1;
    if (latest.status === 'completed') return { tried, error, dueMs: again(Math.min(tried, 10)) };
    return isOver(tried)
      ? { tried, error, status: 'failed', dueMs: NEVER_MS }
      : { tried, error, status: 'pending', dueMs: again(tried) };
  });
  if (record.status === 'failed') args.tell(key, record, 'failed');
};

const told = async (
  { ground, args }: State,
  { key, record: before }: KnownArchive,
): Promise<void> => {
  const now = await ground.records.find(key);
  if (now === undefined) args.tell(key, before, 'deleted');
  else if (now.record.status === 'completed' && before.status !== 'completed')
    args.tell(key, now.record, 'completed');
};

const placeOf = ({ place }: StoredArchive): string =>
  place.kind === 'folder' ? place.dir : `${place.endpoint}/${place.bucket}`;

const noteOfPlace = (
  { places }: State,
  self: ArchiverSelf,
  { record }: KnownArchive,
  error: unknown,
): void => {
  const name = placeOf(record);
  if (error === undefined) return void places.delete(name);
  if (codeOf(error) !== 'unavailable') return;
  const failures = (places.get(name)?.failures ?? 0) + 1;
  const untilMs = failures < FAILURES ? 0 : self.system.clock.monotonic() + REST_MS;
  places.set(name, { failures, untilMs });
  if (failures === FAILURES)
    report(self, `archives at ${name}: it is left alone for a while`, error);
};

const settled = (
  { waiting }: State,
  self: ArchiverSelf,
  key: DefinitionKey,
  timeoutMs: number,
): Promise<void> =>
  new Promise((resolve) => {
    const name = nameOf(key);
    const all = waiting.get(name) ?? new Set();
    waiting.set(name, all);
    const over = (): void => {
      timer.cancel();
      all.delete(over);
      resolve();
    };
    const timer = self.system.clock.setTimeout(over, timeoutMs);
    all.add(over);
  });

async function* read(
  { target }: Ground,
  record: StoredArchive,
  object: ArchiveObject,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const stored = record[object];
  if (stored === undefined)
    throw new GreenroomError('archive_not_found', `the archive has no ${object}`);
  const controller = new AbortController();
  try {
    yield* target(record.place).read(
      stored.name,
      from,
      Math.min(to, stored.size),
      controller.signal,
    );
  } finally {
    controller.abort();
  }
}

const report = (self: ArchiverSelf, during: string, error: unknown): void =>
  self.system.report({ kind: 'fault', actor: self.ref.label, during, error });

/** Needs the journal by its name, each time anew: it may have been restarted. */
export const archiver = (args: ArchiverArgs): ChildSpec<Ref<Protocol>> =>
  ArchiverServer.childSpec(args, { id: 'archiver' });
