/** `greenroom sessions export`: sessions as files, or one of them to the standard output. */
import { renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../platform/make-folder.ts';
import { exportSession } from '../../session/api/download.ts';
import { CliError, usageError } from '../failure.ts';
import { bytes } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { sessionNamed } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';

interface Options {
  readonly out?: string;
  readonly all?: boolean;
}

export const registerExport = (registration: Registration): void => {
  registration.program
    .command('export [sessions...]')
    .description(
      'sessions as JSON lines, which greenroom import reads; one of them to the terminal',
    )
    .option('--out <path>', 'a file for one session, a directory for several')
    .option('--all', 'every session of the tenant')
    .action(
      act<[string[]], Options>(registration, (run, [named], { out, all = false }) =>
        run.withDaemon(async (daemon) => {
          if (all === named.length > 0)
            throw usageError('name the sessions to export, or --all', 'add --help to see how');
          if (out !== undefined) return toFiles(daemon, run, named, resolve(run.shell.cwd, out));
          const [words] = named;
          if (words === undefined || named.length > 1)
            throw usageError('several sessions need a directory', 'name one with --out');
          await toScreen(daemon, run, await sessionNamed(daemon, words));
        }),
      ),
    );
};

/** No faster than it is read. A pipe gets the export's own bytes, for its digest is over them; a terminal the same JSON, escaped. */
const toScreen = async (
  daemon: DaemonClient,
  run: Invocation,
  sessionId: string,
): Promise<void> => {
  for await (const piece of exportSession(daemon, sessionId, daemon.maxPayloadBytes)) {
    const { stdout } = run.shell;
    if (stdout.isTerminal) stdout.write(piece);
    else stdout.exactly(piece);
    await stdout.drained?.();
  }
};

const toFiles = async (
  daemon: DaemonClient,
  run: Invocation,
  named: readonly string[],
  out: string,
): Promise<void> => {
  const isOneFile = named.length === 1 && !isDirectory(out) && !out.endsWith('/');
  if (!isOneFile) await writable(() => makeFolder(out, 0o777));
  for await (const sessionId of named.length > 0 ? eachNamed(daemon, named) : allSessions(daemon)) {
    const path = isOneFile ? out : join(out, `${sessionId}${ENDING}`);
    const size = await toFile(daemon, sessionId, path);
    run.out.one(
      { sessionId, path, bytes: size },
      () => `${sessionId}: ${bytes(size)} in ${path}\n`,
    );
  }
};

const ENDING = '.greenroom.jsonl';

/** In its place when it is whole. */
const toFile = async (daemon: DaemonClient, sessionId: string, path: string): Promise<number> => {
  const draft = `${path}.part`;
  const file = await writable(() => open(draft, 'w', 0o600));
  let size = 0;
  try {
    for await (const piece of exportSession(daemon, sessionId, daemon.maxPayloadBytes))
      size += (await writable(() => file.write(piece))).bytesWritten;
    await writable(() => file.sync());
    await writable(() => renameSync(draft, path));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return size;
};

/** What the disk of this side refuses is no bug of the daemon. */
const writable = async <T>(act: () => T | Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(1, `the export cannot be written: ${why}`, 'name another place with --out');
  }
};

async function* eachNamed(daemon: DaemonClient, named: readonly string[]): AsyncGenerator<string> {
  for (const words of named) yield await sessionNamed(daemon, words);
}

/** In the order of their making, so that none is missed while others come and go. */
async function* allSessions(daemon: DaemonClient): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const next = cursor === undefined ? {} : { cursor };
    const page = await daemon.sessions('search', {
      ...{ sortBy: 'createdAt', order: 'asc', limit: 1_000 },
      ...next,
    });
    for (const { sessionId } of page.sessions) yield sessionId;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
