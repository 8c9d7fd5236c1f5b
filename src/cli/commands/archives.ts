/** `greenroom archive` and `greenroom archives`: ended sessions with their directories, put away and brought back. */
import { resolve } from 'node:path';
import { GreenroomError } from '../../model/errors.ts';
import type { ArchiveView } from '../../session/verbs/archives.ts';
import { archiveText, progressText } from '../archive-text.ts';
import { ago, bytes, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { StatusLine } from '../status-line.ts';
import { type Column, table } from '../table.ts';
import { collect, parseCount, parseWord } from '../values.ts';
import { registerContents } from './archive-contents.ts';

/** What one request waits; until the end there are as many as it takes. */
const WAIT_MS = 20_000;
/** The same of work that says how far it is. */
const FIRST_WAIT_MS = 1_000;
const LOOK_MS = 500;

interface ArchiveOptions {
  readonly to?: 'local' | 's3';
  readonly compression?: 'gzip' | 'zip' | 'tar';
  readonly exclude?: readonly string[];
  readonly wait: boolean;
}

const registerArchive = ({ program, ...rest }: Registration): void => {
  program
    .command('archive <session>')
    .description('put an ended session and its directory away, as an archive')
    .option(
      '--to <place>',
      'local or s3; default: as the daemon is set',
      parseWord(['local', 's3']),
    )
    .option('--compression <form>', 'gzip, zip or tar', parseWord(['gzip', 'zip', 'tar']))
    .option('--exclude <pattern>', 'leave such files out, for example node_modules', collect)
    .option('--no-wait', 'do not wait for its end')
    .action(
      act<[string], ArchiveOptions>({ program, ...rest }, (run, [words], { wait, ...order }) =>
        run.withDaemon(async (daemon) => {
          const waitMs = wait ? FIRST_WAIT_MS : 0;
          const { archive } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'archive', { ...order, waitMs }),
          );
          const ended = wait ? await untilEnded(run, daemon, archive) : archive;
          run.out.one(ended, () => archivedText(ended));
          if (ended.status === 'failed') run.finish(1);
        }),
      ),
    );
};

const archivedText = (archive: ArchiveView): string => {
  const { archiveId, sessionId, status, error, archivePath = '', sizeBytes = 0, folder } = archive;
  if (status === 'failed') return `${sessionId}: ${error?.message ?? 'it failed'}\n`;
  if (status !== 'completed') return `${archiveId}: ${status}\n`;
  const files = folder === undefined ? 'its transcript' : several(folder.files, 'file');
  const left = (folder?.leftCount ?? 0) > 0 ? `, ${folder?.leftCount} left out` : '';
  return `${archiveId}: ${files}, ${bytes(sizeBytes)} in ${archivePath}${left}\n`;
};

/** Until nothing more is to be done of what was asked. */
const untilEnded = async (
  run: Invocation,
  daemon: DaemonClient,
  first: ArchiveView,
): Promise<ArchiveView> => {
  const line = new StatusLine(run);
  let archive = first;
  while (isAtWork(archive)) {
    line.show(progressText(archive));
    await run.shell.sleep(LOOK_MS);
    archive = (await daemon.sessions('archives.get', { archiveId: first.archiveId })).archive;
  }
  line.clear();
  return archive;
};

const isAtWork = ({ status, work }: ArchiveView): boolean =>
  [status, work?.status].some((each) => each === 'pending' || each === 'in_progress');

interface SearchOptions {
  readonly session?: string;
  readonly status?: 'pending' | 'in_progress' | 'completed' | 'failed';
  readonly owner?: string;
  readonly tag?: string;
  readonly limit: number;
}

interface RestoreOptions {
  readonly to?: string;
  readonly session: boolean;
  readonly directory: boolean;
}

export const registerArchives = (registration: Registration): void => {
  registerArchive(registration);
  const program = registration.program
    .command('archives')
    .description(
      'sessions that were put away with their directories; one is named by its id, or by its session',
    );
  const nested = { ...registration, program };
  program
    .command('search [text...]')
    .alias('list')
    .description('find them by words of title or directory, also when the session is gone')
    .option('--session <id>', 'of that session')
    .option(
      '--status <status>',
      'pending, in_progress, completed or failed',
      parseWord(['pending', 'in_progress', 'completed', 'failed']),
    )
    .option('--owner <name>', 'whose session had that owner')
    .option('--tag <tag>', 'whose session had that tag')
    .option('--limit <n>', 'at most so many', parseCount, 50)
    .action(
      act<[string[]], SearchOptions>(nested, (run, [words], options) =>
        run.withDaemon(async (daemon) => {
          const found = await search(daemon, words.join(' '), options);
          run.out.many(found, () => archiveTable(found, run));
          if (found.length === 0) run.out.note('there is no such archive');
        }),
      ),
    );
  program
    .command('show <archive>')
    .description('one of them')
    .action(
      act<[string]>(nested, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const archiveId = await idOf(daemon, words);
          const { archive } = await daemon.sessions('archives.get', { archiveId });
          run.out.one(archive, () => archiveText(archive, run.shell.nowMs()));
        }),
      ),
    );
  program
    .command('verify <archive>')
    .description('read all of it, and compare each file with its hash')
    .action(
      act<[string]>(nested, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const archiveId = await idOf(daemon, words);
          const asked = await daemon.sessions('archives.verify', { archiveId, waitMs: WAIT_MS });
          const archive = await untilEnded(run, daemon, asked.archive);
          run.out.one(archive, () => verifiedText(archive));
          if (archive.work?.result?.['isSound'] !== true) run.finish(1);
        }),
      ),
    );
  registerContents(nested, idOf);
  program
    .command('restore <archive>')
    .description('bring its session and its directory back, where there is nothing')
    .option('--to <directory>', 'where the directory goes; default: where it was')
    .option('--no-session', 'bring the directory back alone')
    .option('--no-directory', 'bring the session back alone')
    .action(
      act<[string], RestoreOptions>(nested, (run, [words], { to, ...parts }) =>
        run.withDaemon(async (daemon) => {
          const archiveId = await idOf(daemon, words);
          const place = to === undefined ? {} : { to: resolve(run.shell.cwd, to) };
          const asked = await daemon.sessions('archives.restore', {
            ...{ archiveId, waitMs: FIRST_WAIT_MS },
            ...parts,
            ...place,
          });
          const archive = await untilEnded(run, daemon, asked.archive);
          run.out.one(archive, () => restoredText(archive));
          if (archive.work?.status !== 'completed') run.finish(1);
        }),
      ),
    );
  program
    .command('hold <archive> [reason...]')
    .description('keep it from going by its age, and from deletion')
    .action(
      act<[string, string[]]>(nested, (run, [words, reason]) =>
        run.withDaemon(async (daemon) => {
          const archiveId = await idOf(daemon, words);
          const why = reason.length === 0 ? {} : { reason: reason.join(' ') };
          const { archive } = await daemon.sessions('archives.hold', { archiveId, ...why });
          run.out.one(archive, () => `${archiveId} is held\n`);
        }),
      ),
    );
  program
    .command('release <archive>')
    .description('let it go again')
    .action(
      act<[string]>(nested, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const archiveId = await idOf(daemon, words);
          const { archive } = await daemon.sessions('archives.release', { archiveId });
          run.out.one(archive, () => `${archiveId} is not held\n`);
        }),
      ),
    );
  program
    .command('delete <archive>')
    .description('delete it; bytes that another archive has too stay')
    .action(
      act<[string]>(nested, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const archiveId = await idOf(daemon, words);
          const reply = await daemon.sessions('archives.delete', { archiveId, waitMs: WAIT_MS });
          const isGone = reply.deleted || (await untilGone(run, daemon, archiveId));
          run.out.one(
            { deleted: isGone },
            () => `${archiveId}: ${isGone ? 'deleted' : 'not deleted'}\n`,
          );
          if (!isGone) run.finish(1);
        }),
      ),
    );
  program
    .command('take-over [archive]')
    .description(
      'have this store be the one whose archives lie where that one does, by default where new ones go: for a restored store, once the original is gone',
    )
    .action(
      act<[string | undefined]>(nested, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const which = words === undefined ? {} : { archiveId: await idOf(daemon, words) };
          const taken = await daemon.sessions('archives.take-over', which);
          const { place, wasOthers } = taken;
          run.out.one(taken, () =>
            wasOthers
              ? `${place} was another store's, and is this one's now\n`
              : `${place} is this store's\n`,
          );
        }),
      ),
    );
};

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** By its id, or by its session's: that has one, or the last of them is meant. */
const idOf = async (daemon: DaemonClient, words: string): Promise<string> => {
  if (ID.test(words)) return words;
  const found = await search(daemon, '', { session: words, limit: PAGE });
  const last = found.toSorted((one, other) => one.createdAt.localeCompare(other.createdAt)).at(-1);
  if (last !== undefined) return last.archiveId;
  throw new GreenroomError('archive_not_found', `there is no archive of ${words}`);
};

/** The verb gives at most 100 at a time. */
const PAGE = 100;

const search = async (
  daemon: DaemonClient,
  text: string,
  { session: sessionId, limit, ...rest }: SearchOptions,
): Promise<readonly ArchiveView[]> => {
  const found: ArchiveView[] = [];
  const wanted = {
    ...rest,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(text === '' ? {} : { text }),
  };
  for (let cursor: string | undefined; ; ) {
    const page = await daemon.sessions('archives.search', {
      ...{ ...wanted, limit: Math.min(PAGE, limit - found.length) },
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.archives);
    cursor = page.nextCursor;
    if (cursor === undefined || found.length >= limit) return found;
  }
};

const verifiedText = ({ archiveId, work }: ArchiveView): string => {
  const {
    files = 0,
    bytes: size = 0,
    faults = [],
    isSound,
  } = (work?.result ?? {}) as {
    readonly files?: number;
    readonly bytes?: number;
    readonly faults?: readonly string[];
    readonly isSound?: boolean;
  };
  if (isSound === true)
    return `${archiveId}: ${several(files, 'file')}, ${bytes(size)}, as they were\n`;
  const said = faults.length === 0 ? [work?.error?.message ?? 'it was not read'] : faults;
  return `${said.map((fault) => `${archiveId}: ${fault}`).join('\n')}\n`;
};

const restoredText = ({ archiveId, sessionId, work }: ArchiveView): string => {
  if (work?.status !== 'completed') return `${archiveId}: ${work?.error?.message ?? 'it failed'}\n`;
  const {
    session,
    to,
    files = 0,
    leftCount = 0,
    left = [],
  } = (work.result ?? {}) as {
    readonly session?: string;
    readonly to?: string;
    readonly files?: number;
    readonly leftCount?: number;
    readonly left?: readonly { readonly path: string; readonly why: string }[];
  };
  const lines = [
    ...(session === undefined
      ? []
      : [`${sessionId}: ${session === 'there' ? 'it is there, and stays as it is' : 'restored'}`]),
    ...(to === undefined ? [] : [`${to}: ${several(files, 'file')}`]),
    ...(leftCount === 0 ? [] : [`left out: ${leftCount}`]),
    ...left.map(({ path, why }) => `  ${path}: ${why}`),
  ];
  return `${lines.join('\n')}\n`;
};

/** Whether it is gone, once it is, or once that has failed. */
const untilGone = async (
  run: Invocation,
  daemon: DaemonClient,
  archiveId: string,
): Promise<boolean> => {
  for (;;) {
    try {
      const { archive } = await daemon.sessions('archives.get', { archiveId });
      if (!isAtWork(archive)) return false;
    } catch (error) {
      if (error instanceof GreenroomError && error.code === 'archive_not_found') return true;
      throw error;
    }
    await run.shell.sleep(LOOK_MS);
  }
};

const COLUMNS: readonly Column[] = [
  { head: 'archive', least: 36 },
  { head: 'status' },
  { head: 'size' },
  { head: 'made' },
  { head: 'session', least: 12 },
  { head: 'title', least: 12 },
  { head: 'directory', leftOut: 1 },
];

const archiveTable = (found: readonly ArchiveView[], run: Invocation): string =>
  table(
    COLUMNS,
    found.map(({ archiveId, status, sizeBytes, createdAt, sessionId, session, directory }) => [
      ...[archiveId, status, sizeBytes === undefined ? '' : bytes(sizeBytes)],
      ...[ago(createdAt, run.shell.nowMs()), sessionId, session.title ?? '', directory],
    ]),
    run.out.width,
  );
