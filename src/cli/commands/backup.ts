/** `greenroom backup` and `greenroom restore`: the whole store, as files. */
import { join, resolve } from 'node:path';
import { CliError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import { grouped, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { Backup } from '../shell.ts';

export const registerBackup = (registration: Registration): void => {
  registration.program
    .command('backup <dir>')
    .description('copy the store, also while the daemon runs; the copy is read to its end')
    .action(
      act<[string]>(registration, async (run, [dir]) => {
        const care = await run.shell.storeCare();
        const to = resolve(run.shell.cwd, dir);
        const backup = await care.backup(storeDirOf(run), to, run.shell.nowMs());
        run.out.one({ dir: to, ...backup }, () => `${text(backup)} in ${to}\n`);
        warn(run, backup);
      }),
    );
  registration.program
    .command('restore <dir>')
    .description('put a backup into a data directory that has no store; the daemon must not run')
    .action(
      act<[string]>(registration, async (run, [dir]) => {
        mustNotRun(run);
        const care = await run.shell.storeCare();
        const from = resolve(run.shell.cwd, dir);
        const backup = await care.restore(from, storeDirOf(run), run.shell.nowMs());
        run.out.one({ storeDir: storeDirOf(run), ...backup }, () => `${text(backup)} restored\n`);
        warn(run, backup);
      }),
    );
};

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
