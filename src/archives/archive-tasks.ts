/** What is asked of archives that are there: to be looked through, brought back, deleted; and what is tidied up behind them. */
import { lstat, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { crashpoint } from '../platform/crashpoint.ts';
import { makeFolder } from '../platform/make-folder.ts';
import {
  isAsked,
  type StoredArchive,
  type StoredObject,
  type Task,
} from '../session/ports/archives.ts';
import { dueOf } from './archive-session.ts';
import type { Ground } from './ground.ts';
import { fetched, removeUnnamed } from './objects.ts';
import { draftBeside, mustBeFree } from './pack/extract.ts';
import { type KnownArchive, sessionOf } from './records.ts';
import { restoreSession } from './restore-session.ts';
import { faultsAgain, readAgain } from './targets/read-again.ts';

type Result = Readonly<Record<string, unknown>>;

/** Undefined: the archive is gone. */
export const workOn = async (
  ground: Ground,
  archive: KnownArchive,
  task: Task,
  signal: AbortSignal,
): Promise<Result | undefined> => {
  const own = { ...ground, staging: join(ground.staging, archive.key.name) };
  await rm(own.staging, { recursive: true, force: true });
  await makeFolder(own.staging);
  try {
    if (task.kind === 'verify') return await verify(own, archive.record, signal);
    if (task.kind === 'restore') return await readAgain(() => restore(own, archive, task, signal));
    await deleteArchive(own, archive, signal);
    return undefined;
  } finally {
    await rm(own.staging, { recursive: true, force: true });
  }
};

/** Reads all of it: each object, and in the folder's each file. What it finds is a result and no failure. */
const verify = async (
  ground: Ground,
  { place, folder, list, transcript, manifest, compression }: StoredArchive,
  signal: AbortSignal,
): Promise<Result> => {
  const at = ground.target(place);
  const faults: string[] = [];
  const look = async (what: string, work: () => Promise<readonly string[]>): Promise<void> =>
    void faults.push(...(await faultsAgain(() => faultsIn(what, work))));
  let counted = { files: 0, bytes: 0 };
  if (folder !== undefined && list !== undefined)
    await look('the folder', async () => {
      const archive = await fetched(ground, at, folder, signal);
      const order = { ...archive, compression, list: await fetched(ground, at, list, signal) };
      const { files, bytes, faults: found } = await ground.thread('check', order, signal);
      counted = { files, bytes };
      return found;
    });
  for (const [what, object] of [
    ['the transcript', transcript],
    ['the manifest', manifest],
  ] as const)
    await look(what, () => faultsOf(ground, at, object, signal));
  return { isSound: faults.length === 0, ...counted, faults };
};

const faultsIn = async (
  what: string,
  work: () => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  try {
    return await work();
  } catch (error) {
    if (!['corrupt_record', 'archive_not_found', 'serialization_failed'].includes(codeOf(error)))
      throw error;
    return [`${what}: ${(error as Error).message}`];
  }
};

const faultsOf = async (
  { thread, staging }: Ground,
  at: ReturnType<Ground['target']>,
  object: StoredObject | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (object === undefined) return [];
  await thread('hash', await fetched({ staging }, at, object, signal), signal);
  return [];
};

const restore = async (
  ground: Ground,
  archive: KnownArchive,
  { to, withSession }: Extract<Task, { kind: 'restore' }>,
  signal: AbortSignal,
): Promise<Result> => {
  const place = to === undefined ? undefined : await mustTakeFolder(ground, archive, to);
  const session = withSession ? await restoreSession(ground, archive, signal) : undefined;
  const folder = place === undefined ? undefined : await unpack(ground, archive, place, signal);
  return { ...(session === undefined ? {} : { session }), ...folder };
};

/** Before anything of it is brought back. @returns where the folder really is to go. */
const mustTakeFolder = async (
  { mustBeAllowed, workspaceOf }: Ground,
  archive: KnownArchive,
  to: string,
): Promise<string> => {
  const own = workspaceOf(sessionOf(archive));
  const place = await mustBeAllowed(to, own);
  // What is on its way stands beside it: a root itself has nothing beside it that is ours.
  const isOwn = place === (await mustBeAllowed(own, own).catch(() => undefined));
  if (!isOwn) await mustBeAllowed(draftOf(place, archive), own);
  if (archive.record.folder === undefined)
    throw new GreenroomError('archive_not_found', 'the archive has no folder');
  if (!(await isThere(place, archive.record.work?.result))) await mustBeFree(place);
  return place;
};

const draftOf = (place: string, { key }: KnownArchive): string => draftBeside(place, key.name);

/** A folder above it may have become a link meanwhile. Rejects with `forbidden`. */
const mustLeadThere = async (
  { mustBeAllowed, workspaceOf }: Ground,
  archive: KnownArchive,
  place: string,
): Promise<void> => {
  const real = await mustBeAllowed(place, workspaceOf(sessionOf(archive)));
  if (real !== place)
    throw new GreenroomError(
      'forbidden',
      `${place} leads to ${real} by now: nothing was put there`,
    );
};

const unpack = async (
  ground: Ground,
  archive: KnownArchive,
  place: string,
  signal: AbortSignal,
): Promise<Result> => {
  const { key, record } = archive;
  const { folder, compression } = record;
  if (folder === undefined)
    throw new GreenroomError('archive_not_found', 'the archive has no folder');
  const ready = record.work?.result;
  if (await isThere(place, ready)) return { ...ready }; // all but the record knew
  const draft = draftOf(place, archive);
  await mustLeadThere(ground, archive, place);
  await rm(draft, { recursive: true, force: true });
  await makeFolder(dirname(place));
  const expected = await fetched(ground, ground.target(record.place), folder, signal);
  await mustLeadThere(ground, archive, place); // bringing it here may have taken hours
  const extracted = await ground.thread(
    'unpack',
    { ...expected, compression, place, draft, counts: folder },
    signal,
    ({ files, bytes }) =>
      ground.progress(archive, { step: 'unpacking', files, bytes, ofBytes: folder.bytes }),
  );
  crashpoint('archive.unpacked');
  const { counts, left, leftCount } = extracted;
  const { ino, dev } = await stat(draft);
  const result = { to: place, ...counts, leftCount, left, inode: `${dev}:${ino}` };
  await ground.records.change(key, ({ work }) => ({ work: work && { ...work, result } }));
  await mustLeadThere(ground, archive, place);
  await ground.thread('place', { draft, place }, signal);
  crashpoint('archive.placed');
  return result;
};

/** Whether what stands at the place is the folder that an earlier attempt has unpacked. */
const isThere = async (place: string, ready: Result | undefined): Promise<boolean> => {
  if (ready?.['inode'] === undefined) return false;
  const there = await stat(place).catch(() => undefined);
  return there !== undefined && ready['inode'] === `${there.dev}:${there.ino}`;
};

/** How soon a deletion goes on that nobody has asked for, and that was stopped. */
const GOES_ON_MS = 60_000;

/** From here on it is going, and no hold is taken any more. Rejects where it is held, or at another task. */
const claimed = ({ records, clock }: Ground, key: KnownArchive['key']): Promise<KnownArchive> =>
  records.change(key, ({ hold, work }) => {
    if (hold !== undefined)
      throw new GreenroomError('invalid_state', 'the archive is held: release it first');
    if (isAsked(work) && work.task.kind !== 'delete')
      throw new GreenroomError(
        'version_conflict',
        `the archive is at another task: ${work.task.kind}`,
      );
    if (isAsked(work)) return {};
    const nowMs = clock.now();
    const order = { task: { kind: 'delete' }, status: 'in_progress', by: 'retention' } as const;
    return { work: { ...order, askedAtMs: nowMs, tried: 0 }, dueMs: nowMs + GOES_ON_MS };
  });

const deleteArchive = async (
  ground: Ground,
  archive: KnownArchive,
  signal: AbortSignal,
): Promise<void> => {
  const { sessions, records, objects } = ground;
  const { key } = archive;
  const session = sessionOf(archive);
  const { place, names } = archive.record;
  // Before anything says that it is going: one that may not go stays the session's archive.
  if (names.length > 0) await ground.mustBeOurs(ground.target(place), signal);
  const { record } = await claimed(ground, key);
  const by = record.work?.by ?? 'retention';
  if ((await sessions.head(session))?.archiveId === key.name)
    await sessions.note(session, { now: 'unarchived', archiveId: key.name, by });
  await objects.run(() => removeUnnamed(ground, key, record, signal));
  crashpoint('archive.removed');
  await records.remove(await records.get(key));
};

/** What is left to do once an archive is complete. */
export const tidyUp = async (
  ground: Ground,
  archive: KnownArchive,
  signal: AbortSignal,
): Promise<void> => {
  const { records, objects } = ground;
  const { key, record } = archive;
  const { folder, list, transcript, manifest, replaces, place } = record;
  const kept = [folder, list, transcript, manifest].flatMap((each) =>
    each === undefined ? [] : [each.name],
  );
  const strays = record.names.filter((name) => !kept.includes(name));
  await objects.run(() => removeUnnamed(ground, key, { place, names: strays }, signal));
  if (replaces !== undefined) await dropReplaced(ground, { ...key, name: replaces }, signal);
  const freedBytes = await cleanUp(ground, archive, signal);
  await records.change(key, (known) => ({
    ...{
      isTidy: true,
      names: kept,
      replaces: undefined,
      isGoing: undefined,
      freedBytes: freedBytes ?? known.freedBytes,
    },
    dueMs: dueOf(ground, { ...known, isTidy: true }),
  }));
};

const dropReplaced = async (
  ground: Ground,
  key: KnownArchive['key'],
  signal: AbortSignal,
): Promise<void> => {
  const older = await ground.records.find(key);
  if (older === undefined || older.record.hold !== undefined) return;
  await deleteArchive(ground, older, signal);
};

/** Of a directory that we made, and of a session that still stands in this archive and does nothing. */
const cleanUp = async (
  ground: Ground,
  archive: KnownArchive,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { cleansUp, workspaceOf, removeWorkspace, sessions, records } = ground;
  const { key, record } = archive;
  const { folder, directory } = record;
  const session = sessionOf(archive);
  if (!cleansUp || folder === undefined || directory !== workspaceOf(session)) return undefined;
  if (folder.leftCount > 0) return undefined; // not all of it is in the archive
  if (record.isGoing !== true && !(await isAsPacked(ground, archive, signal))) return undefined;
  const head = await sessions.head(session);
  if (head?.status !== 'archived' || head.archiveId !== key.name) return undefined;
  await records.change(key, () => ({ isGoing: true })); // half of it is another folder
  await removeWorkspace(session);
  return folder.bytes;
};

/**
 * Whether it is what was packed, to the last byte: somebody may have written to it meanwhile, or since. Equal folders make
 * equal bytes, so it is packed once more.
 */
const isAsPacked = async (
  { thread, staging }: Ground,
  { key, record: { directory: root, compression, exclude, folder } }: KnownArchive,
  signal: AbortSignal,
): Promise<boolean> => {
  if ((await lstat(root).catch(() => undefined))?.isDirectory() !== true) return false;
  const own = join(staging, key.name);
  await makeFolder(own);
  try {
    const [into, listInto] = [join(own, 'folder'), join(own, 'list')];
    const order = { root, into, listInto, compression, exclude };
    const { archive, leftCount } = await thread('pack', order, signal);
    return leftCount === 0 && archive.sha256 === folder?.sha256;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
};
