/** `greenroom archives files` and `download`: what is in an archive, and its bytes. */
import { renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createGunzip } from 'node:zlib';
import { GreenroomError } from '../../model/errors.ts';
import { through } from '../../platform/through.ts';
import { ArchivesFacade } from '../../session/api/archives-facade.ts';
import { linesOf } from '../../session/transfer/lines.ts';
import { CliError } from '../failure.ts';
import { bytes } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { oneLine } from '../width.ts';

/** The id of the archive that people name. */
type IdOf = (daemon: DaemonClient, words: string) => Promise<string>;

export const registerContents = (registration: Registration, idOf: IdOf): void => {
  const { program } = registration;
  program
    .command('files <archive> [text...]')
    .description(
      'the files of its directory, those with a text in their path; and what was left out',
    )
    .action(
      act<[string, string[]]>(registration, (run, [words, text]) =>
        run.withDaemon(async (daemon) =>
          files(run, daemon, await idOf(daemon, words), text.join(' ')),
        ),
      ),
    );
  program
    .command('download <archive> [file]')
    .description('its directory as a file')
    .option('--transcript', 'the export of its session instead')
    .option('--list', 'the list of its files instead')
    .action(
      act<[string, string | undefined], DownloadOptions>(
        registration,
        (run, [words, file], options) =>
          run.withDaemon(async (daemon) =>
            download(run, daemon, await idOf(daemon, words), file, options),
          ),
      ),
    );
};

interface DownloadOptions {
  readonly transcript?: true;
  readonly list?: true;
}

/** A line of the list, as far as it is shown: another build may have written it. */
interface Listed {
  readonly kind?: string;
  readonly path?: string;
  readonly size?: number;
  readonly mode?: number;
  readonly mtimeMs?: number;
  readonly target?: string;
  readonly why?: string;
}

/** As they come: there may be a million. */
const files = async (
  run: Invocation,
  daemon: DaemonClient,
  archiveId: string,
  text: string,
): Promise<void> => {
  const { archive } = await daemon.sessions('archives.get', { archiveId });
  if (archive.list === undefined) return run.out.note('the archive has no directory, so no files');
  const packed = new ArchivesFacade(daemon).download(archiveId, { object: 'list' });
  for await (const listed of listedIn(packed)) {
    if (!(listed.path ?? '').includes(text)) continue;
    run.out.one(listed, () => `${lineOf(listed)}\n`);
    await run.out.drained();
  }
};

async function* listedIn(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Listed> {
  try {
    for await (const line of linesOf(through(packed, createGunzip())))
      yield JSON.parse(line) as Listed;
  } catch (error) {
    if (error instanceof GreenroomError) throw error;
    const { message } = error as Error;
    throw new GreenroomError('corrupt_record', `the list of the files cannot be read: ${message}`);
  }
}

const lineOf = ({ kind, path = '', size = 0, mode = 0, mtimeMs, target, why }: Listed): string => {
  if (kind === 'left') return oneLine(`left out: ${path}: ${why}`);
  const ends = { folder: '/', link: ` -> ${target}` }[kind ?? ''] ?? '';
  const rights = (mode & 0o7777).toString(8).padStart(4, '0');
  const time = mtimeMs === undefined ? '' : timeOf(mtimeMs);
  const room = kind === 'file' ? bytes(size) : '';
  return `${rights}  ${room.padStart(9)}  ${time}  ${oneLine(`${path}${ends}`)}`;
};

/** Some file systems take times that no calendar here has. */
const timeOf = (mtimeMs: number): string =>
  Math.abs(mtimeMs) > LAST_MS
    ? `@${Math.round(mtimeMs / 1_000)}`
    : new Date(mtimeMs).toISOString().slice(0, 16).replace('T', ' ');
const LAST_MS = 8.64e15;

const ENDINGS = { gzip: '.tar.gz', zip: '.zip', tar: '.tar' } as const;

const download = async (
  run: Invocation,
  daemon: DaemonClient,
  archiveId: string,
  named: string | undefined,
  { transcript, list }: DownloadOptions,
): Promise<void> => {
  const { archive } = await daemon.sessions('archives.get', { archiveId });
  const object = transcript ? 'transcript' : list ? 'list' : 'folder';
  const name = {
    folder: `${archive.sessionId}${ENDINGS[archive.compression]}`,
    transcript: `${archive.sessionId}.greenroom.jsonl.gz`,
    list: `${archive.sessionId}.files.jsonl.gz`,
  }[object];
  const pieces = new ArchivesFacade(daemon).download(archiveId, { object });
  const path = resolve(run.shell.cwd, named ?? name);
  const size = await toFile(pieces, path);
  run.out.one({ archiveId, path, bytes: size }, () => `${bytes(size)} in ${path}\n`);
};

/** In its place when it is whole. */
const toFile = async (pieces: AsyncIterable<Uint8Array>, path: string): Promise<number> => {
  const draft = `${path}.part`;
  const file = await open(draft, 'w', 0o600).catch((error: unknown) => {
    throw cannotWrite(error);
  });
  let size = 0;
  try {
    for await (const piece of pieces) {
      await file.appendFile(piece); // all of it: a disk that is nearly full takes a part, and fails with the next
      size += piece.length;
    }
    await file.sync();
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : cannotWrite(error);
  } finally {
    await file.close();
  }
  return size;
};

const cannotWrite = (error: unknown): CliError =>
  new CliError(
    1,
    `the archive cannot be written: ${(error as Error).message}`,
    'name another file',
  );
