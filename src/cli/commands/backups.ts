/**
 * `greenroom backups`, and `greenroom backup` to a place: by the daemon where one runs, as it has the keys and works there
 * itself; else, or where a place is named, by this process.
 */
import { resolve } from 'node:path';
import { GreenroomError, isErrorCode } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import type { WhichBackups } from '../../session/ports/backups.ts';
import {
  type BackupStateView,
  type BackupView,
  viewOfBackup,
} from '../../session/verbs/backup-verbs.ts';
import { backupNamed } from '../backup-name.ts';
import { type Made, madeText, stateText } from '../backup-text.ts';
import { CliError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import { ago, bytes, grouped, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { BackupProgress, BackupsCare, BackupWorks, DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { parseCount } from '../values.ts';

/** What one request waits; until the end there are as many as it takes. */
const WAIT_MS = 20_000;

interface PlaceOptions {
  readonly to?: string;
}

/** Where backups go to is also where they are looked for: one word for it, in all commands. */
export const PLACE = [
  '--to <place>',
  'the place of the backups, instead of the one that is set: a folder, or s3://bucket/prefix',
] as const;

export const registerBackups = (registration: Registration): void => {
  const program = registration.program
    .command('backups')
    .description('backups of the whole store, at the place that is set or named');
  const nested = { ...registration, program };
  program
    .command('list')
    .description('which there are, newest first')
    .option(...PLACE)
    .option('--limit <n>', 'at most so many', parseCount, 50)
    .action(
      act<[], PlaceOptions & { readonly limit: number }>(nested, async (run, _, options) => {
        const found = await list(run, options.to, { limit: options.limit });
        run.out.many(found, () => backupTable(found, run));
        if (found.length === 0) run.out.note('there is no backup at that place');
      }),
    );
  program
    .command('status')
    .description('when the next one is due, how the last one went, what is at work')
    .action(
      act<[]>(nested, (run) =>
        run.withDaemon(async (daemon) => {
          const state = await daemon.daemon('backup-state', {});
          run.out.one(state, () => stateText(state, run.shell.nowMs()));
        }),
      ),
    );
  program
    .command('verify [backup]')
    .description(
      'read all of one, by default of the newest, and compare each part with its hash; the beginning of its id is enough, and last is the newest',
    )
    .option(...PLACE)
    .action(
      act<[string | undefined], PlaceOptions>(nested, async (run, [words], options) => {
        const backupId = words === undefined ? undefined : await named(run, options.to, words);
        const found = (await byWhom(run, options.to, {
          daemon: async (daemon) => {
            const wanted = backupId === undefined ? {} : { backupId };
            const asked = await daemon.daemon('verify-backup', { ...wanted, waitMs: WAIT_MS });
            return resultOf(await untilEnded(daemon, asked));
          },
          here: (works, signal, progress) => works.verify(backupId, signal, progress),
        })) as unknown as Verified;
        run.out.one(found, () => verifiedText(found));
        if (!found.isSound) run.finish(1);
      }),
    );
  program
    .command('delete <backup>')
    .description(
      'delete one; what another backup needs too stays. The beginning of its id is enough, and last is the newest',
    )
    .option(...PLACE)
    .action(
      act<[string], PlaceOptions>(nested, async (run, [words], options) => {
        const backupId = await named(run, options.to, words);
        const found = (await byWhom(run, options.to, {
          daemon: async (daemon) => {
            const asked = await daemon.daemon('delete-backup', { backupId, waitMs: WAIT_MS });
            return resultOf(await untilEnded(daemon, asked));
          },
          here: (works, signal) => works.remove(backupId, signal),
        })) as unknown as { readonly objects: number; readonly freedBytes: number };
        run.out.one(found, () => `${backupId}: deleted, ${bytes(found.freedBytes)} freed\n`);
      }),
    );
};

/** One more backup. */
export const backUp = async (run: Invocation, to: string | undefined): Promise<void> => {
  const made = await byWhom(run, to, {
    daemon: async (daemon) => {
      const asked = await daemon.daemon('back-up', { waitMs: WAIT_MS });
      const { status, error, last } = await untilEnded(daemon, asked);
      if (last === undefined || status === 'failed' || status === 'pending') throw failed(error);
      return last as Made;
    },
    here: (works, signal, progress) => works.make(signal, progress) as Promise<Made>,
  });
  run.out.one(made, () => madeText(made));
};

const named = (run: Invocation, place: string | undefined, words: string): Promise<string> =>
  backupNamed(words, (which) => list(run, place, which));

const list = (
  run: Invocation,
  place: string | undefined,
  { isOurs, ...which }: WhichBackups,
): Promise<readonly BackupView[]> =>
  byWhom(run, place, {
    daemon: async (daemon) =>
      (await daemon.daemon('backups', { ...which, ...given({ ours: isOurs }) })).backups,
    here: async (works, signal) =>
      (await works.list({ ...which, isOurs }, signal)).map(viewOfBackup),
  });

// ── by whom ──────────────────────────────────────────────────────────────────────────────────────

interface Ways<T> {
  daemon(daemon: DaemonClient): Promise<T>;
  here(works: BackupWorks, signal: AbortSignal, progress: BackupProgress): Promise<T>;
}

const byWhom = async <T>(run: Invocation, place: string | undefined, ways: Ways<T>): Promise<T> => {
  const { config } = run.config();
  const isRunning = findDaemon(config.dataDir).kind === 'running';
  if (place === undefined && isRunning) return run.withDaemon((daemon) => ways.daemon(daemon));
  const care = await run.shell.backupsCare();
  const works = care.worksAt(config, placeOf(run, place));
  return within(run, care, (signal, progress) => ways.here(works, signal, progress));
};

/** As it is named, or as it is set. */
export const placeOf = (run: Invocation, named: string | undefined): string => {
  if (named !== undefined) return named.startsWith('s3://') ? named : resolve(run.shell.cwd, named);
  const { backupTo } = run.config().config;
  if (backupTo !== undefined) return backupTo;
  throw new CliError(
    2,
    'no place for backups is set',
    'set GREENROOM_BACKUP_TO, or name one with --to',
  );
};

/** Given up after the longest time of a backup. */
export const within = async <T>(
  run: Invocation,
  care: Pick<BackupsCare, 'longestMs'>,
  work: (signal: AbortSignal, progress: BackupProgress) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  const over = new AbortController();
  const { config } = run.config();
  void run.shell
    .sleep(care.longestMs(config), over.signal)
    .then(() =>
      controller.abort(new CliError(1, 'it took longer than GREENROOM_BACKUP_MAX_HOURS')),
    );
  let told = 0;
  try {
    return await work(controller.signal, ({ bytes: done, ofBytes }) => {
      const percent = Math.floor((done / ofBytes) * 10) * 10;
      if (percent > told && percent < 100) run.out.note(`${percent} % of ${bytes(ofBytes)}`);
      told = Math.max(told, percent);
    });
  } finally {
    over.abort();
  }
};

const untilEnded = async (
  daemon: DaemonClient,
  first: BackupStateView,
): Promise<BackupStateView> => {
  let state = first;
  while (state.work?.status === 'in_progress' || isWanted(state))
    state = await daemon.daemon('backup-state', { waitMs: WAIT_MS });
  return state;
};

/** A backup that failed once is tried again by itself: whoever waits hears of it then. */
const isWanted = ({ status, tried }: BackupStateView): boolean =>
  status === 'in_progress' || (status === 'pending' && tried === 0);

/** By its code, as if it had been done here: what is not found ends as what is not found. */
const failed = (error: BackupStateView['error']): Error =>
  error !== undefined && isErrorCode(error.code)
    ? new GreenroomError(error.code, error.message)
    : new CliError(1, error?.message ?? 'no backup was made');

const resultOf = ({ work }: BackupStateView): Readonly<Record<string, unknown>> => {
  if (work?.status === 'completed' && work.result !== undefined) return work.result;
  throw failed(work?.error);
};

// ── as people read it ────────────────────────────────────────────────────────────────────────────

const COLUMNS: readonly Column[] = [
  { head: 'BACKUP' },
  { head: 'MADE' },
  { head: 'SESSIONS' },
  { head: 'ENTRIES' },
  { head: 'STORE' },
  { head: 'NEW' },
  { head: '' },
];

const backupTable = (found: readonly BackupView[], run: Invocation): string =>
  table(
    COLUMNS,
    found.map(({ backupId, madeAt, isOurs, fault, ...known }) => [
      ...[backupId, ago(madeAt, run.shell.nowMs())],
      ...[known.sessions, known.entries].map((count) =>
        count === undefined ? '' : grouped(count),
      ),
      ...[known.bytes, known.newBytes].map((size) => (size === undefined ? '' : bytes(size))),
      fault ?? (isOurs ? '' : 'of another store'),
    ]),
    run.out.width,
  );

interface Verified {
  readonly backupId: string;
  readonly isSound: boolean;
  readonly bytes: number;
  readonly packs: number;
  readonly faults: readonly string[];
}

const verifiedText = ({ backupId, isSound, bytes: size, packs, faults }: Verified): string =>
  isSound
    ? `${backupId}: a store of ${bytes(size)} in ${several(packs, 'object')}, as it was put\n`
    : `${faults.map((fault) => `${backupId}: ${fault}`).join('\n')}\n`;
