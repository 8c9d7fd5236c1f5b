/** Who copies the store elsewhere: by itself when a copy is due, and whenever one is asked for. */
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { BackupRecord } from '../src/archives/backup-record.ts';
import { backupWorks } from '../src/archives/backup-works.ts';
import { ownerOf } from '../src/archives/backups/backup-place.ts';
import { mustBeApart, placeOfText, targetOf } from '../src/archives/backups/places.ts';
import { backups } from '../src/archives/backups-server.ts';
import { paced } from '../src/archives/pace.ts';
import { mustBeWhen, next, type When } from '../src/calendar/when.ts';
import type { Config } from '../src/config/config.ts';
import { GreenroomError } from '../src/model/errors.ts';
import { iso } from '../src/model/moment.ts';
import type { System } from '../src/otp/system.ts';
import { journalName } from '../src/session/ports/journal.ts';
import { backupStore, besideHash } from '../src/storage/backup/care.ts';
import { readStoreFile } from '../src/storage/verify/store-file.ts';
import type { Parts } from './parts.ts';

const MB = 1_000_000;
const HOUR_MS = 3_600_000;

const TYPES = {
  unchanged: 'store.backup-unchanged',
  ...{ made: 'store.backed-up', failed: 'store.backup-failed', deleted: 'store.backup-deleted' },
} as const;
const WORDS = {
  ...{ made: 'the store is backed up', failed: 'a backup of the store failed' },
  deleted: 'a backup of the store is deleted',
  unchanged: 'no backup is made: nothing has changed since the last one',
} as const;

export const backupsOf = ({ config, log, feed, sessions }: Parts) => {
  const { dataDir, backupTo, backupEvery, store } = config;
  const work = join(dataDir, 'backing-up'); // what the command line does is beside it
  const staging = join(work, 'daemon');
  const every = backupEvery === undefined ? undefined : whenOf(backupEvery, sessions.clock.now());
  if (every !== undefined && backupTo === undefined)
    throw new GreenroomError(
      'invalid_settings',
      'GREENROOM_BACKUP_EVERY is set and GREENROOM_BACKUP_TO is not: say where backups go',
    );
  const place = backupTo === undefined ? undefined : placeOfText(backupTo, config);
  if (place !== undefined) mustBeApart(place, dataDir);
  const pace = paced(sessions.clock, config.archiveMbPerSecond * MB);
  const keep = { last: config.backupKeep, days: config.backupKeepDays };
  const storeIdIn = (system: System) => system.find(journalName)?.info().storeId;
  const storeDir = join(dataDir, 'store');
  const copyIn = () => readStoreFile(storeDir)?.copy;
  const isKept = store.startsWith('lmdb');
  const recordIn = (system: System) =>
    new BackupRecord(() => system.fetch(journalName), config.tenant);
  return backups({
    place: isKept ? backupTo : undefined,
    every: isKept ? backupEvery : undefined,
    keep,
    next: (lastMs) => every?.(lastMs),
    longestMs: config.backupMaxHours * HOUR_MS,
    record: recordIn,
    changes: (system) => {
      const record = recordIn(system);
      return {
        mark: () => {
          const mark = record.changeMark();
          return mark && { ...mark, beside: besideHash(dataDir) };
        },
        isUnchanged: (since) =>
          !record.hasChangedSince(since) && since.beside === besideHash(dataDir),
      };
    },
    emptyStaging: () => rm(work, { recursive: true, force: true }),
    tell: (step, about) => {
      const at = iso(sessions.clock.now());
      if (step === 'failed') log.warn(about, WORDS[step]);
      else log.info(about, WORDS[step]);
      feed.announce(config.tenant as never, {
        ...{ type: TYPES[step], at },
        ...{ tenant: config.tenant, ...about },
      });
    },
    works: (system) =>
      backupWorks({
        ...{ clock: system.clock, staging, keep },
        target: (count) => {
          if (place === undefined) throw new TypeError('no place for backups is set');
          return targetOf(place, config, { clock: system.clock, pace, count });
        },
        owner: () => ownerOf(storeIdIn(system) ?? '', hostname(), dataDir),
        store: () => {
          const storeId = storeIdIn(system);
          return storeId === undefined ? undefined : { storeId, copy: copyIn() };
        },
        copy: async (folder, signal) => ({
          ...(await backupStore(storeDir, folder, system.clock.now(), signal)),
          copy: copyIn(),
        }),
      }),
  });
};

const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** Throws `invalid_settings` for a pattern that is never due. */
const whenOf = (text: Config['backupEvery'] & string, nowMs: number) => {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(text) ?? [];
  const seconds = SECONDS[unit];
  if (seconds !== undefined)
    return (lastMs: number) =>
      next({ kind: 'every', seconds: Number(count) * seconds, fromMs: lastMs }, lastMs);
  const when: When = { kind: 'cron', cron: text, timeZone: 'UTC' };
  mustBeWhen(when, nowMs);
  return (lastMs: number) => next(when, lastMs);
};
