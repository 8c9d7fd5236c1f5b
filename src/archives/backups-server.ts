/**
 * Makes the backups of the store, by itself when one is due, and whenever one is asked for; looks through them, and deletes
 * them. It owns what is at work now; when the next one is due stands in the journal, and which there are, at their place.
 *
 * One thing at a time. A backup that a dead daemon was at is due still, and begins anew: what it had put is found.
 */
import { z } from 'zod';
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import type { Timer } from '../otp/clock.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import type { System } from '../otp/system.ts';
import { NEVER_MS } from '../session/ports/archives.ts';
import {
  type BackupsState,
  type BackupWork,
  backupsName,
  type StoreMark,
} from '../session/ports/backups.ts';
import * as course from './backup-course.ts';
import type { BackupRecord, KnownBackups } from './backup-record.ts';
import type { BackupWorks, Made, StoreChanges, Unchanged } from './backup-terms.ts';
import type { Keep } from './backups/keep.ts';
import type { Progress } from './backups/make-backup.ts';

const LOOK_MS = 1_000;
/** Who wants those that nobody asked for. */
const SCHEDULE = 'schedule';
export interface BackupsArgs {
  /** As people name it; undefined: none is set, and nothing is done. */
  readonly place: string | undefined;
  readonly every: string | undefined;
  readonly keep: Keep;
  readonly next: course.Next;
  readonly longestMs: number;
  readonly works: (system: System) => BackupWorks;
  readonly record: (system: System) => BackupRecord;
  readonly changes: (system: System) => StoreChanges;
  readonly emptyStaging: () => Promise<void>;
  readonly tell: (
    step: 'made' | 'unchanged' | 'failed' | 'deleted',
    about: Readonly<Record<string, unknown>>,
  ) => void;
}

const backupsProtocol = protocol({
  calls: {},
  infos: {
    look: z.void(),
    ready: z.custom<KnownBackups | undefined>(),
    due: z.boolean(),
    ended: z.custom<{
      readonly work: BackupWork;
      readonly result?: unknown;
      readonly error?: unknown;
    }>(),
    noted: z.custom<{ readonly known?: KnownBackups | undefined }>(),
    failed: z.custom<{ readonly during: string; readonly error: unknown }>(),
  },
});
type Protocol = typeof backupsProtocol;
type BackupsSelf = Self<Protocol>;

interface State {
  readonly args: BackupsArgs;
  readonly works: BackupWorks;
  readonly record: BackupRecord;
  readonly changes: StoreChanges;
  readonly waiting: Set<() => void>;
  /** As it is stored. */
  known: KnownBackups | undefined;
  work: BackupWork | undefined;
  controller: AbortController | undefined;
  isReady: boolean;
  isLooking: boolean;
  /** Of the store, before the one under way was begun. */
  mark: StoreMark | undefined;
  /** Who asked for one that is not made yet: one that is under way may turn out not to be needed. */
  askedBy: string | undefined;
}

const BackupsServer = genServer(backupsProtocol, {
  init: (args: BackupsArgs, self): State => {
    const state: State = {
      ...{ args, works: args.works(self.system), record: args.record(self.system) },
      changes: args.changes(self.system),
      ...{ waiting: new Set(), known: undefined, work: undefined, controller: undefined },
      ...{ isReady: false, isLooking: false, mark: undefined, askedBy: undefined },
    };
    self.own(() => state.controller?.abort(new GreenroomError('draining', 'the daemon ends')));
    self.register(backupsName, {
      state: () => stateOf(state),
      list: async (which) => {
        mustHavePlace(state);
        return state.works.list(which, deadline(self, args.longestMs).signal);
      },
      request: (by) => request(state, self, by),
      verify: (backupId, by) =>
        begin(state, self, { kind: 'verify', by, backupId }, (signal, progress) =>
          state.works.verify(backupId, signal, progress),
        ),
      remove: (backupId, by) =>
        begin(state, self, { kind: 'delete', by, backupId }, (signal) =>
          state.works.remove(backupId, signal),
        ),
      settled: (timeoutMs) => settled(state, self, timeoutMs),
    });
    if (args.place === undefined) return state;
    self.send('look');
    self.sendEvery(LOOK_MS, 'look');
    return state;
  },

  handleCall: {},

  handleInfo: {
    ready: (known, state, self) => {
      state.known ??= known;
      state.isReady = true;
      state.isLooking = false;
      look(state, self);
      return noreply(state);
    },
    look: (_, state, self) => {
      look(state, self);
      return noreply(state);
    },
    due: (isDue, state, self) => {
      state.isLooking = false;
      if (isDue && state.work?.status !== 'in_progress') make(state, self);
      return noreply(state);
    },
    ended: ({ work, result, error }, state, self) => {
      const endedAtMs = self.system.clock.now();
      const status = error === undefined ? 'completed' : 'failed';
      state.controller = undefined;
      const ended = { ...work, ...state.work, status, endedAtMs } as const;
      state.work = {
        ...ended,
        error: error === undefined ? undefined : course.wordsOf(error),
        result: result as Readonly<Record<string, unknown>> | undefined,
      };
      if (work.kind !== 'backup') {
        if (work.kind === 'delete' && error === undefined) {
          const { objects, freedBytes } = Object(result);
          state.args.tell('deleted', { backupId: work.backupId, by: work.by, objects, freedBytes });
        }
        settle(state);
        return noreply(state);
      }
      state.isLooking = true; // until it is noted, it is due still
      self.pipe(
        error === undefined
          ? noteResult(state, work, endedAtMs, result as MakeResult)
          : noteFailure(state, self, error),
        (known) => ['noted', { known }],
        (failure) => {
          report(self, 'noting a backup', failure);
          return ['noted', {}];
        },
      );
      return noreply(state);
    },
    noted: ({ known }, state, self) => {
      state.isLooking = false;
      state.known = known ?? state.known;
      settle(state);
      look(state, self);
      return noreply(state);
    },
    failed: ({ during, error }, state, self) => {
      state.isLooking = false;
      report(self, during, error);
      return noreply(state);
    },
  },

  redact: ({ work, waiting }) => ({ work: work?.kind, waiting: waiting.size }),
});

const stateOf = ({ args, known, work }: State): BackupsState => {
  const { place, every, keep } = args;
  const dueMs = known?.dueMs ?? NEVER_MS;
  return {
    ...{ place, every, keepLast: keep.last, keepDays: keep.days },
    ...{ record: known?.record, work, nextMs: dueMs < NEVER_MS ? dueMs : undefined },
  };
};

const prepare = async (
  { args, record }: State,
  nowMs: number,
): Promise<KnownBackups | undefined> => {
  await args.emptyStaging();
  const found = await record.find();
  if (found === undefined && args.every === undefined) return undefined;
  return record.change((known) => course.prepared(known, nowMs, args.next));
};

const look = (state: State, self: BackupsSelf): void => {
  if (state.isLooking || state.work?.status === 'in_progress') return;
  if (!state.isReady) return begins(state, self);
  if (state.known === undefined) return;
  state.isLooking = true;
  self.pipe(
    state.record.isDue(self.system.clock.now()),
    (isDue) => ['due', isDue],
    (error) => ['failed', { during: 'looking whether a backup is due', error }],
  );
};

/** Until it has worked once. */
const begins = (state: State, self: BackupsSelf): void => {
  state.isLooking = true;
  self.pipe(
    prepare(state, self.system.clock.now()),
    (known) => ['ready', known],
    (error) => ['failed', { during: 'its start', error }],
  );
};

const mustHavePlace = ({ args }: State): void => {
  if (args.place === undefined)
    throw new GreenroomError(
      'invalid_settings',
      'no place for backups is set: set GREENROOM_BACKUP_TO, and start the daemon again; or name one with --to',
    );
};

const request = async (state: State, self: BackupsSelf, by: string): Promise<void> => {
  mustHavePlace(state);
  const nowMs = self.system.clock.now();
  state.askedBy = by;
  state.known = await state.record.change((known) => course.requested(known, nowMs, by));
  self.send('look');
};

const make = (state: State, self: BackupsSelf): void => {
  const { status, by: wantedBy = SCHEDULE } = state.known?.record ?? {};
  const isWanted = status === 'pending' || status === 'in_progress';
  const by = isWanted ? wantedBy : SCHEDULE;
  begin(state, self, { kind: 'backup', by, backupId: undefined }, async (signal, progress) => {
    state.known = await state.record.change((known) => {
      if (known === undefined) throw new TypeError('the record of backups is gone');
      return { ...known, record: { ...known.record, status: 'in_progress', by } };
    });
    state.mark = state.changes.mark();
    const unchanged = by === SCHEDULE ? await lookAt(state, signal) : undefined;
    return unchanged ?? state.works.make(signal, progress);
  });
};

/** Undefined: one has to be made. */
const lookAt = async (
  { known, changes, works }: State,
  signal: AbortSignal,
): Promise<Unchanged | undefined> => {
  const { last, mark } = known?.record ?? {};
  if (last === undefined || mark === undefined) return undefined;
  return changes.isUnchanged(mark) ? works.lookAt(last.backupId, signal) : undefined;
};

type Begun = Pick<BackupWork, 'kind' | 'by' | 'backupId'>;

/** Throws `invalid_state` while other work is done. */
const begin = (
  state: State,
  self: BackupsSelf,
  begun: Begun,
  run: (signal: AbortSignal, progress: (done: Progress) => void) => Promise<unknown>,
): void => {
  mustHavePlace(state);
  if (state.work?.status === 'in_progress')
    throw new GreenroomError('invalid_state', `other work is done on backups: ${state.work.kind}`);
  const { signal, controller, timer } = deadline(self, state.args.longestMs);
  const work: BackupWork = {
    ...{ ...begun, status: 'in_progress', startedAtMs: self.system.clock.now() },
  };
  state.controller = controller;
  state.work = work;
  const progress = ({ bytes, ofBytes }: Progress): void => {
    if (state.work?.status === 'in_progress')
      state.work = { ...state.work, bytes: Math.round(bytes), ofBytes };
  };
  self.pipe(
    run(signal, progress).finally(() => timer.cancel()),
    (result) => ['ended', { work, result }],
    (error) => ['ended', { work, error }],
  );
};

const deadline = (
  { system: { clock } }: BackupsSelf,
  longestMs: number,
): {
  readonly signal: AbortSignal;
  readonly controller: AbortController;
  readonly timer: Timer;
} => {
  const controller = new AbortController();
  const late = new GreenroomError(
    'unavailable',
    'the backup took longer than GREENROOM_BACKUP_MAX_HOURS',
  );
  const timer = clock.setTimeout(() => controller.abort(late), longestMs);
  return { signal: controller.signal, controller, timer };
};

type MakeResult = Unchanged | Made;

const noteResult = (state: State, work: BackupWork, endedAtMs: number, result: MakeResult) =>
  'isUnchanged' in result
    ? noteUnchanged(state, work, endedAtMs, result)
    : noteMade(state, work, endedAtMs, result);

const noteUnchanged = async (
  state: State,
  { by }: BackupWork,
  endedAtMs: number,
  { isUnchanged: _, ...found }: Unchanged,
): Promise<KnownBackups> => {
  const { record, args } = state;
  args.tell('unchanged', { ...found, by });
  return record.change((known) => course.unchanged(known, endedAtMs, args.next, state.askedBy));
};

const noteMade = async (
  state: State,
  { startedAtMs, by }: BackupWork,
  endedAtMs: number,
  made: Made,
): Promise<KnownBackups> => {
  const { record, args, mark } = state;
  state.askedBy = undefined;
  args.tell('made', { ...made, by, ms: endedAtMs - startedAtMs });
  const last = { ...made, startedAtMs, endedAtMs };
  return record.change((known) => course.made(known, { last, by, mark }, args.next));
};

const noteFailure = async (
  { record, args, known: before }: State,
  self: BackupsSelf,
  cause: unknown,
): Promise<KnownBackups> => {
  const nowMs = self.system.clock.now();
  const failure = course.failureOf(cause, before?.record.tried ?? 0);
  if (codeOf(cause) !== 'draining') {
    const { error, tried, isOver } = failure;
    args.tell('failed', { ...error, by: before?.record.by, tried, isOver });
  }
  return record.change((known) => course.failed(known, failure, nowMs, args.next));
};

const settle = ({ waiting }: State): void => {
  for (const resolve of waiting) resolve();
  waiting.clear();
};

const isAtWork = ({ work, known }: State): boolean =>
  work?.status === 'in_progress' ||
  known?.record.status === 'pending' ||
  known?.record.status === 'in_progress';

const settled = (state: State, self: BackupsSelf, timeoutMs: number): Promise<void> =>
  new Promise((resolve) => {
    if (!isAtWork(state)) return resolve();
    const over = (): void => {
      timer.cancel();
      state.waiting.delete(over);
      resolve();
    };
    const timer = self.system.clock.setTimeout(over, timeoutMs);
    state.waiting.add(over);
  });

const report = (self: BackupsSelf, during: string, error: unknown): void =>
  self.system.report({ kind: 'fault', actor: self.ref.label, during, error });

/** Needs the journal by its name, each time anew: it may have been restarted. */
export const backups = (args: BackupsArgs): ChildSpec<Ref<Protocol>> =>
  BackupsServer.childSpec(args, { id: 'backups' });
