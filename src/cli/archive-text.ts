/** What `greenroom archives show` says of an archive, and how far the work on one is. */
import type { ArchiveView } from '../session/verbs/archives.ts';
import { ago, bytes, facts, grouped, several } from './format.ts';
import { oneLine } from './width.ts';

/** Of what was left out; `--json` has all that is known of it. */
const MAX_SHOWN = 5;

export const progressText = ({ progress, nextTryAt, error, work }: ArchiveView): string => {
  const why = (work ?? { error }).error?.message;
  if (progress === undefined)
    return nextTryAt === undefined ? 'waiting' : `${why ?? 'it failed'}; again at ${nextTryAt}`;
  const { step, bytes: done, ofBytes, files } = progress;
  const all = ofBytes === undefined ? '' : ` of ${bytes(ofBytes)}`;
  return `${step}: ${bytes(done)}${all}${files === undefined ? '' : `, ${several(files, 'file')}`}`;
};

export const archiveText = (archive: ArchiveView, nowMs: number): string => {
  const { archiveId, session, status, error, hold, expiresAt, freedBytes, progress } = archive;
  return facts({
    archive: archiveId,
    session:
      session.title === undefined ? archive.sessionId : `${archive.sessionId}, ${session.title}`,
    owner: session.owner,
    tags: session.tags,
    status: error === undefined ? status : `${status}: ${error.message} (${error.code})`,
    'at work': progress === undefined ? undefined : progressText(archive),
    asked: `${ago(archive.createdAt, nowMs)} by ${archive.by}`,
    archived: archive.archivedAt === undefined ? undefined : ago(archive.archivedAt, nowMs),
    transcript: `${several(session.messageCount, 'message')}, ${several(session.numTurns, 'turn')}, $${session.costUsd.toFixed(2)}`,
    directory: archive.directory,
    files: filesText(archive),
    'left out': leftText(archive),
    exclude: archive.exclude,
    stored: storedText(archive),
    freed: freedBytes === undefined ? undefined : `${bytes(freedBytes)} of the directory`,
    held: hold === undefined ? undefined : (hold.reason ?? 'yes'),
    'goes at': expiresAt,
    'last asked': lastText(archive, nowMs),
  });
};

const filesText = ({ folder }: ArchiveView): string | undefined =>
  folder === undefined
    ? undefined
    : [
        `${several(folder.files, 'file')} with ${bytes(folder.bytes)}`,
        several(folder.folders, 'folder'),
        ...(folder.links === 0 ? [] : [several(folder.links, 'link')]),
      ].join(', ');

/** The first ones, each with why. */
const leftText = ({ folder }: ArchiveView): string | undefined => {
  if (folder === undefined || folder.leftCount === 0) return undefined;
  const shown = folder.left.slice(0, MAX_SHOWN);
  const more = folder.leftCount - shown.length;
  return [
    grouped(folder.leftCount),
    ...shown.map(({ path, why }) => oneLine(`${path}: ${why}`)),
    ...(more === 0 ? [] : [`and ${grouped(more)} more`]),
  ].join('\n');
};

const storedText = ({ archivePath, sizeBytes, transcript, compression }: ArchiveView) =>
  archivePath === undefined
    ? undefined
    : [
        `${bytes(sizeBytes ?? 0)} as ${compression} in ${archivePath}`,
        ...(transcript === undefined || transcript.uri === archivePath
          ? []
          : [`its transcript: ${bytes(transcript.sizeBytes)} in ${transcript.uri}`]),
      ].join('\n');

const lastText = ({ work }: ArchiveView, nowMs: number): string | undefined => {
  if (work === undefined) return undefined;
  const { kind, status, by, error } = work;
  const why = error === undefined ? '' : `: ${error.message} (${error.code})`;
  return `${kind} by ${by}, ${ago(work.endedAt ?? work.askedAt, nowMs)}: ${status}${why}`;
};
