/** A session's archive: how far the work on it is, what it weighs, why it failed; and bringing back what stands in it. */
import { useEffect } from 'preact/hooks';
import { askSessions } from '../ground/ask.ts';
import { attempt } from '../ground/notice.ts';
import type { ArchiveView, SessionView } from '../ground/replies.ts';
import { now, useAsked } from '../ground/time.ts';
import { bytes, count, until } from '../ground/words.ts';
import { Ago } from '../parts/moment.tsx';
import { Trouble } from '../parts/problem.tsx';
import type { Conversation } from './conversation.ts';

/** So often its progress is asked for while it is worked on. */
const LOOK_MS = 500;
const STEPS = {
  packing: 'its files are packed',
  putting: 'it is put to its place',
  reading: 'it is read back and compared',
  unpacking: 'its files are brought back',
} as const;

export const isAtWork = ({ status, work }: Pick<ArchiveView, 'status' | 'work'>): boolean =>
  [status, work?.status].some((each) => each === 'pending' || each === 'in_progress');

/** By its id where that is known; one that is not whole is known by its session alone. */
const find = async (sessionId: string, archiveId: string | undefined, end: AbortSignal) =>
  archiveId === undefined
    ? (await askSessions('archives.search', { sessionId, limit: 1 }, end)).archives[0]
    : (await askSessions('archives.get', { archiveId }, end)).archive;

/** @param props.asked the archive that was begun from this page. */
export const Archive = (props: {
  readonly conversation: Conversation;
  readonly session: SessionView;
  readonly asked: ArchiveView | undefined;
}) => {
  const { conversation, session, asked } = props;
  const archiveId = asked?.archiveId ?? session.archiveId;
  const { value, problem, again } = useAsked(
    (end) => find(session.sessionId, archiveId, end),
    [session.sessionId, session.status, asked],
  );
  const isBusy = value !== undefined && isAtWork(value);
  useEffect(() => {
    if (!isBusy) return;
    const timer = setInterval(again, LOOK_MS);
    return () => {
      clearInterval(timer);
      conversation.refreshSoon(); // it may be archived by now
    };
  }, [isBusy, conversation]);
  if (value === undefined)
    return problem === undefined || problem.code === 'archive_not_found' ? null : (
      <Trouble problem={problem} />
    );
  const restore = () =>
    attempt('it is being brought back', () =>
      askSessions('archives.restore', { archiveId: value.archiveId }),
    ).then(again);
  return (
    <section class="card archive" aria-label="Archive">
      <h2>Archive</h2>
      <What archive={value} />
      {isBusy ? <Progress archive={value} /> : null}
      <Outcome archive={value} />
      {value.status === 'completed' && !isBusy ? (
        <button type="button" onClick={() => void restore()}>
          Bring its directory back
        </button>
      ) : null}
    </section>
  );
};

const filesText = (files: number): string => `${count(files)} ${files === 1 ? 'file' : 'files'}`;

const What = ({ archive }: { readonly archive: ArchiveView }) => {
  const { archivedAt, archivePath, sizeBytes = null, folder, hold, expiresAt } = archive;
  if (archivedAt === undefined) return null;
  return (
    <>
      <p>
        Archived <Ago at={archivedAt} />: {bytes(sizeBytes)}
        {folder === undefined
          ? ', its transcript alone'
          : `, of ${filesText(folder.files)} with ${bytes(folder.bytes)}`}
        {(folder?.leftCount ?? 0) > 0 ? `; ${count(folder?.leftCount ?? 0)} left out` : ''}
        {hold === undefined ? '' : '; held'}
        {expiresAt === undefined ? '' : `; it goes in ${until(expiresAt, now.value)}`}
      </p>
      <p class="second">
        <code>{archivePath}</code>
      </p>
    </>
  );
};

const Progress = ({ archive }: { readonly archive: ArchiveView }) => {
  const { progress, folder, work, nextTryAt } = archive;
  if (progress === undefined)
    return (
      <p role="status">
        {nextTryAt === undefined
          ? `It waits for its ${work?.kind ?? 'turn'}.`
          : `It is tried again in ${until(nextTryAt, now.value)}.`}
      </p>
    );
  const { step, bytes: done, ofBytes, files } = progress;
  const all = step === 'unpacking' ? folder?.files : undefined;
  return (
    <p role="status">
      <progress value={done} max={Math.max(ofBytes ?? 0, 1)} aria-label="How far it is" />{' '}
      {STEPS[step]}: {bytes(done)}
      {ofBytes === undefined ? '' : ` of ${bytes(ofBytes)}`}
      {files === undefined
        ? ''
        : `, ${count(files)}${all === undefined ? '' : ` of ${count(all)}`} files`}
    </p>
  );
};

/** Of what was asked last: an archive that failed, or what was to be done with it. */
const Outcome = ({ archive }: { readonly archive: ArchiveView }) => {
  const { error, work } = archive;
  const failed = work === undefined ? error : work.error;
  if (failed !== undefined)
    return (
      <p class="trouble" role="alert">
        {work === undefined ? 'It could not be archived' : `The last ${work.kind} failed`}:{' '}
        {failed.message} <code>{failed.code}</code>
      </p>
    );
  if (work?.status !== 'completed' || work.endedAt === undefined) return null;
  const isBroken = work.kind === 'verify' && work.result?.['isSound'] === false;
  return (
    <p>
      {isBroken ? 'Not all of it is as it was' : DONE[work.kind]} <Ago at={work.endedAt} />
    </p>
  );
};

const DONE = { verify: 'Verified', restore: 'Brought back', delete: 'Deleted' } as const;
