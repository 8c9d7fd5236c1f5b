/** Verbs on the backups of the whole store: they are of all tenants, so a caller that asks needs `admin`. */
import { z } from 'zod';
import { iso } from '../../model/moment.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { BackupFacts, Backups, BackupsState, BackupWork } from '../ports/backups.ts';
import { daemonVerb } from './verb.ts';

const text = z.string();
const count = z.int().min(0);
const moment = z.iso.datetime();
const failure = z.strictObject({ code: text, message: text });
const backupId = z.string().min(1).max(100).describe('from `backups`');
const waitMs = z
  .int()
  .min(0)
  .max(30_000)
  .default(0)
  .describe('so long its end is waited for, in milliseconds');

const Backup = z.strictObject({
  backupId: text,
  madeAt: moment,
  /** Of this daemon's store; another's may lie there too. */
  isOurs: z.boolean(),
  storeId: text.exactOptional(),
  sessions: count.exactOptional(),
  entries: count.exactOptional(),
  /** Of the store's file. */
  bytes: count.exactOptional(),
  /** What it needs at the place; it shares that with others. */
  storedBytes: count.exactOptional(),
  /** What was put for it. */
  newBytes: count.exactOptional(),
  objects: count.exactOptional(),
  /** Why it cannot be restored. */
  fault: text.exactOptional(),
});
export type BackupView = Readonly<z.output<typeof Backup>>;

const Cost = z.strictObject({
  /** Requests that put or list: those that cost more. */
  puts: count,
  /** Requests that read. */
  gets: count,
  deletes: count,
  sentBytes: count,
  receivedBytes: count,
  /** New at the place. */
  storedBytes: count,
  storedObjects: count,
});

const State = z.strictObject({
  /** null: none is set. */
  place: text.nullable(),
  /** null: none is made by itself. */
  every: text.nullable(),
  keepLast: count,
  keepDays: z.number().min(0),
  status: z.enum(['idle', 'pending', 'in_progress', 'failed']),
  nextAt: moment.nullable(),
  /** Attempts at the one that is wanted that failed. */
  tried: count,
  error: failure.exactOptional(),
  last: z
    .strictObject({
      backupId: text,
      startedAt: moment,
      endedAt: moment,
      sessions: count,
      entries: count,
      bytes: count,
      cost: Cost,
      /** Backups that have gone by their number or age, and what that freed. */
      gone: z.array(text),
      freedBytes: count,
    })
    .exactOptional(),
  /** When one was due last and none was made, as nothing had changed since `last`; absent: `last` is newer. */
  unchangedAt: moment.exactOptional(),
  /** What is done now, or was done last, since the daemon started. */
  work: z
    .strictObject({
      kind: z.enum(['backup', 'verify', 'delete']),
      status: z.enum(['in_progress', 'completed', 'failed']),
      by: text,
      backupId: text.exactOptional(),
      startedAt: moment,
      endedAt: moment.exactOptional(),
      /** Of the store's file, so far. */
      bytes: count.exactOptional(),
      ofBytes: count.exactOptional(),
      error: failure.exactOptional(),
      result: z.record(z.string(), z.unknown()).exactOptional(),
    })
    .exactOptional(),
});
export type BackupStateView = Readonly<z.output<typeof State>>;

/** The backups of a running Greenroom. Throws `unavailable` while their actor is restarted. */
export interface BackupsFace {
  backups(): Backups;
}

export interface BackupsWork {
  readonly context: RequestContext;
  readonly daemon: BackupsFace;
}

const list = daemonVerb('backups', {
  request: z.strictObject({
    limit: z.int().min(1).max(1_000).default(100),
    beginning: z.string().max(100).optional().describe('whose id begins so'),
    ours: z.boolean().default(false).describe("only this store's"),
  }),
  reply: z.strictObject({ backups: z.array(Backup) }),
  run: async ({ daemon }: BackupsWork, { ours: isOurs, ...which }) => ({
    backups: (await daemon.backups().list({ ...which, isOurs })).map(viewOfBackup),
  }),
});

const state = daemonVerb('backup-state', {
  request: z.strictObject({ waitMs }),
  reply: State,
  run: (work: BackupsWork, { waitMs: ms }) => after(work, ms),
});

const after = async ({ daemon }: BackupsWork, timeoutMs: number): Promise<BackupStateView> => {
  const backups = daemon.backups();
  if (timeoutMs > 0) await backups.settled(timeoutMs);
  return viewOfState(backups.state());
};

const make = daemonVerb('back-up', {
  request: z.strictObject({ waitMs }),
  reply: State,
  run: async (work: BackupsWork, { waitMs: ms }) => {
    await work.daemon.backups().request(work.context.principal);
    return after(work, ms);
  },
});

const verify = daemonVerb('verify-backup', {
  request: z.strictObject({ backupId: backupId.optional(), waitMs }),
  reply: State,
  run: (work: BackupsWork, { backupId: id, waitMs: ms }) => {
    work.daemon.backups().verify(id, work.context.principal);
    return after(work, ms);
  },
});

const remove = daemonVerb('delete-backup', {
  request: z.strictObject({ backupId, waitMs }),
  reply: State,
  run: (work: BackupsWork, { backupId: id, waitMs: ms }) => {
    work.daemon.backups().remove(id, work.context.principal);
    return after(work, ms);
  },
});

export const backupVerbs = {
  ...{ backups: list, 'backup-state': state, 'back-up': make },
  ...{ 'verify-backup': verify, 'delete-backup': remove },
};

// ── as it is shown ───────────────────────────────────────────────────────────────────────────────

const present = <T extends object>(value: object): T =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;

export const viewOfBackup = ({ backupId: id, madeAtMs, isOurs, known, fault }: BackupFacts) =>
  present<BackupView>({ backupId: id, madeAt: iso(madeAtMs), isOurs, ...known, fault });

export const viewOfState = (now: BackupsState): BackupStateView => {
  const { place, every, keepLast, keepDays, record, nextMs, work } = now;
  const { status = 'idle', tried = 0, error, last, unchangedAtMs } = record ?? {};
  return present({
    ...{ place: place ?? null, every: every ?? null, keepLast, keepDays, status, tried, error },
    nextAt: nextMs === undefined ? null : iso(nextMs),
    last: last && viewOfLast(last),
    unchangedAt: unchangedAtMs === undefined ? undefined : iso(unchangedAtMs),
    work: work && viewOfWork(work),
  });
};

const viewOfLast = ({
  startedAtMs,
  endedAtMs,
  ...last
}: NonNullable<NonNullable<BackupsState['record']>['last']>) => ({
  ...{ backupId: last.backupId, startedAt: iso(startedAtMs), endedAt: iso(endedAtMs) },
  ...{ sessions: last.sessions, entries: last.entries, bytes: last.bytes, cost: last.cost },
  ...{ gone: [...last.gone], freedBytes: last.freedBytes },
});

const viewOfWork = ({ startedAtMs, endedAtMs, ...work }: BackupWork) =>
  present<NonNullable<BackupStateView['work']>>({
    ...{ ...work, startedAt: iso(startedAtMs) },
    endedAt: endedAtMs === undefined ? undefined : iso(endedAtMs),
  });
