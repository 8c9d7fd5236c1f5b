/** Backups at a place, without a daemon: for the command line, also where nothing but the place is left. */
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { BackupWorks } from '../archives/backup-terms.ts';
import { backupWorks, newest } from '../archives/backup-works.ts';
import { BackupPlace, ownerOf } from '../archives/backups/backup-place.ts';
import { mustBeApart, placeOfText, targetOf } from '../archives/backups/places.ts';
import { fetchBackup } from '../archives/backups/read-backup.ts';
import { paced } from '../archives/pace.ts';
import type { Config } from '../config/config.ts';
import { systemClock } from '../otp/system-clock.ts';
import { makeFolder } from '../platform/make-folder.ts';
import { backupStore, mustHaveNoStore, restoreStore } from '../storage/backup/care.ts';
import { readStoreFile } from '../storage/verify/store-file.ts';

const MB = 1_000_000;
const HOUR_MS = 3_600_000;

/** @param text `s3://bucket/prefix`, or an absolute path. */
const worksAt = (config: Config, text: string): BackupWorks => {
  const { dataDir } = config;
  const storeDir = join(dataDir, 'store');
  const clock = systemClock;
  mustBeApart(placeOfText(text, config), dataDir);
  const store = () => readStoreFile(storeDir) ?? undefined;
  return backupWorks({
    ...{ clock, store, keep: { last: config.backupKeep, days: config.backupKeepDays } },
    target: reach(config, text),
    owner: () => ownerOf(store()?.storeId ?? '', hostname(), dataDir, process.pid),
    staging: join(dataDir, 'backing-up', `by-hand-${process.pid}`),
    copy: async (folder, signal) => ({
      ...(await backupStore(storeDir, folder, clock.now(), signal)),
      copy: store()?.copy,
    }),
  });
};

const reach = (config: Config, text: string) => {
  const place = placeOfText(text, config);
  const pace = paced(systemClock, config.archiveMbPerSecond * MB);
  return (count?: Parameters<typeof targetOf>[2]['count']) =>
    targetOf(place, config, { clock: systemClock, pace, count });
};

/** Fetches a backup, by default the newest of all, reads all of it, and puts it where there is no store. */
const restoreFrom = async (
  config: Config,
  { from, backupId }: { readonly from: string; readonly backupId: string | undefined },
  signal: AbortSignal,
  progress: (done: { readonly bytes: number; readonly ofBytes: number }) => void,
) => {
  const { dataDir } = config;
  const storeDir = join(dataDir, 'store');
  mustHaveNoStore(storeDir); // what is found at the end only was fetched in vain
  const place = new BackupPlace(
    reach(config, from)(),
    systemClock,
    ownerOf('', hostname(), dataDir, process.pid),
  );
  const wanted = backupId ?? (await newest(place, undefined, systemClock.now(), signal));
  const manifest = await place.manifest(wanted, signal);
  await makeFolder(dataDir);
  const draft = join(dataDir, 'restoring');
  rmSync(draft, { recursive: true, force: true }); // of one that was killed
  try {
    const plain = join(draft, 'backup');
    await fetchBackup(place, manifest, plain, signal, progress);
    const note = await restoreStore(plain, storeDir, systemClock.now());
    return { backupId: wanted, ...note };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
};

/** The longest time of one work. */
const longestMs = (config: Config): number => config.backupMaxHours * HOUR_MS;

export const backupsCare = { worksAt, restoreFrom, longestMs };
