/** `greenroom backup` and `greenroom restore`: the whole store, as a plain copy or at a place of backups. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { viewOfBackup } from '../../session/verbs/backup-verbs.ts';
import { backupNamed, type ListBackups } from '../backup-name.ts';
import { CliError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import { grouped, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { LAST } from '../session-name.ts';
import type { Backup } from '../shell.ts';
import { backUp, PLACE, placeOf, registerBackups, within } from './backups.ts';

interface BackupOptions {
  readonly to?: string;
}

interface RestoreOptions {
  readonly backup?: string;
}

export const registerBackup = (registration: Registration): void => {
  registerBackups(registration);
  registration.program
    .command('backup [dir]')
    .description(
      'back the store up, also while the daemon runs: what has changed, to the place that is set; with a folder, a plain copy',
    )
    .option(...PLACE)
    .action(
      act<[string | undefined], BackupOptions>(registration, async (run, [dir], { to }) => {
        if (dir === undefined) return backUp(run, to);
        if (to !== undefined)
          throw new CliError(2, 'a plain copy goes to the folder: --to is for backups without one');
        const care = await run.shell.storeCare();
        const folder = resolve(run.shell.cwd, dir);
        const backup = await care.backup(storeDirOf(run), folder, run.shell.nowMs());
        run.out.one({ dir: folder, ...backup }, () => `${text(backup)} in ${folder}\n`);
        warn(run, backup);
      }),
    );
  registration.program
    .command('restore [from]')
    .description(
      'put a backup into a data directory that has no store; the daemon must not run. From a plain copy, a folder of backups, or s3://bucket/prefix; default: the place that is set',
    )
    .option(
      '--backup <id>',
      'of several: this one, by the beginning of its id too; default: the newest',
    )
    .action(
      act<[string | undefined], RestoreOptions>(registration, async (run, [from], options) => {
        mustNotRun(run);
        const backup = await restored(run, from, options.backup);
        run.out.one(
          { storeDir: storeDirOf(run), ...backup },
          () => `${text(backup)}, restored into ${storeDirOf(run)}\n`,
        );
        warn(run, backup);
      }),
    );
};

const restored = async (
  run: Invocation,
  from: string | undefined,
  backupId: string | undefined,
): Promise<Backup> => {
  const place = placeOf(run, from);
  const isPlain = existsSync(join(place, 'backup.json'));
  if (isPlain || !(isPlace(place) || backupId !== undefined)) {
    if (isPlain && backupId !== undefined)
      throw new CliError(2, `${place} is a plain copy: there is no other to name with --backup`);
    const care = await run.shell.storeCare();
    return care.restore(place, storeDirOf(run), run.shell.nowMs());
  }
  const care = await run.shell.backupsCare();
  const { config } = run.config();
  return within(run, care, async (signal, progress) => {
    const works = care.worksAt(config, place);
    const list: ListBackups = async (which) => (await works.list(which, signal)).map(viewOfBackup);
    // there is no store here whose last one it would be: the newest is
    const named =
      backupId === undefined || backupId === LAST ? undefined : await backupNamed(backupId, list);
    return care.restoreFrom(config, { from: place, backupId: named }, signal, progress);
  });
};

/** Else it is a folder that is none: what reads plain copies says so. */
const isPlace = (place: string): boolean => place.startsWith('s3://') || existsSync(place);

/** Where the daemon of this configuration keeps its store. */
const storeDirOf = (run: Invocation): string => join(run.config().config.dataDir, 'store');

const mustNotRun = (run: Invocation): void => {
  const { dataDir } = run.config().config;
  if (findDaemon(dataDir).kind === 'running')
    throw new CliError(4, `the daemon of ${dataDir} runs`, 'stop it, or name another --data');
};

const text = ({ sessions, entries, madeAt }: Backup): string =>
  `${several(sessions, 'session')}, ${grouped(entries)} entries, as of ${madeAt}`;

/** What is broken was copied as it is; it costs itself. */
const warn = (run: Invocation, { broken, problems }: Backup): void => {
  for (const { key, why, session } of problems) {
    const whose = session === undefined ? key : `${session.tenant}/${session.sessionId}`;
    run.out.note(`warning: ${whose}: ${why}`);
  }
  if (broken > problems.length) run.out.note(`warning: ${grouped(broken)} records are broken`);
};
