/** Archives as they are asked for: their ids, a new one, what is asked of one, how one is shown. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { DefinitionKey } from '../../model/definition.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import { usdOf } from '../../model/money.ts';
import { isHeld } from '../../model/tag-key.ts';
import { hasEnded } from '../../model/words.ts';
import {
  ARCHIVE_STATUSES,
  type Archiver,
  archiverName,
  COMPRESSIONS,
  type Compression,
  isAsked,
  type Place,
  PROGRESS_STEPS,
  type StoredArchive,
  type StoredObject,
  type Task,
} from '../ports/archives.ts';
import { Definitions } from './definitions.ts';
import { type Ground, journalOf } from './verb.ts';

export const archives = new Definitions<StoredArchive>('archive');

export type KnownArchive = NonNullable<Awaited<ReturnType<typeof archives.find>>>;

export const archiverOf = ({ caller }: Ground): Archiver => {
  const archiver = caller.system.find(archiverName);
  if (archiver !== undefined) return archiver;
  throw new GreenroomError('unavailable', 'the archiver is restarting', { retryAfterMs: 500 });
};

/**
 * Of a session in a state: asked for twice, it is the same archive. The first 48 bits are when the session changed last, so
 * that archives stand in that order.
 */
const archiveIdOf = ({ key, version, createdAtMs, updatedAtMs }: Head): string => {
  const time = Math.max(0, updatedAtMs).toString(16).padStart(12, '0').slice(-12);
  const rest = hash('sha256', `${key.tenant}\0${key.sessionId}\0${createdAtMs}\0${version}`);
  const variant = '89ab'[Number.parseInt(rest.slice(3, 4), 16) % 4];
  return [
    ...[time.slice(0, 8), time.slice(8), `7${rest.slice(0, 3)}`, `${variant}${rest.slice(4, 7)}`],
    rest.slice(7, 19),
  ].join('-');
};

const workspaceOf = ({ workspaces }: Ground, { tenant, sessionId }: SessionKey): string =>
  `${workspaces}/${tenant}/${sessionId}`;

export interface ArchiveOrder {
  readonly by: string;
  readonly compression?: Compression | undefined;
  readonly to?: 'local' | 's3' | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** Resolves when it is durable that the session will be archived. Throws `invalid_state` unless it has ended. */
export const requestArchive = async (
  ground: Ground,
  session: SessionKey,
  { by, compression, to, exclude = [] }: ArchiveOrder,
): Promise<KnownArchive> => {
  const head = await ground.caller.known(session);
  const archiver = archiverOf(ground);
  if (!hasEnded(head) || head.status === 'archived')
    throw new GreenroomError(
      'invalid_state',
      head.status === 'archived'
        ? 'the session stands in an archive already: reopen it to archive it anew'
        : `the session is ${head.status}: only one that has ended is archived, so complete it first`,
    );
  const key: DefinitionKey = { tenant: session.tenant, kind: 'archive', name: archiveIdOf(head) };
  const place = archiver.placeFor(to === 'local' ? 'folder' : to);
  const found = await archives.find(ground, key);
  if (found !== undefined && found.record.status !== 'failed') return found;
  const nowMs = ground.caller.system.clock.now();
  const record: StoredArchive = {
    ...{ sessionId: session.sessionId, by, createdAtMs: nowMs, updatedAtMs: nowMs },
    ...{ status: 'pending', place, compression: compression ?? archiver.compression, exclude },
    session: factsOf(head),
    directory: head.workingDirectory ?? workspaceOf(ground, session),
    ...{ tried: 0, names: found?.record.names ?? [] },
    ...(isHeld(head) ? { hold: {} } : {}),
  };
  try {
    const known = found ?? { key, version: 0, dueMs: undefined };
    return await archives.store(ground, known, { record, dueMs: nowMs });
  } catch (error) {
    const other =
      codeOf(error) === 'version_conflict' ? await archives.find(ground, key) : undefined;
    if (other !== undefined) return other; // somebody asked at the same time
    throw error;
  } finally {
    archiver.look();
  }
};

/** What is known of the session, and said with the archive. */
export const factsOf = (head: Head): StoredArchive['session'] => ({
  ...{ title: head.title, owner: head.owner, tags: head.tags },
  ...{ workingDirectory: head.workingDirectory, messageCount: head.messageCount },
  ...{ numTurns: head.numTurns, costNanoUsd: head.costNanoUsd },
  ...{ createdAtMs: head.createdAtMs, updatedAtMs: head.updatedAtMs },
});

/** Throws `archive_not_found`. */
export const archiveNamed = async (
  ground: Ground,
  tenant: Tenant,
  archiveId: string,
): Promise<KnownArchive> => {
  const found = await archives.find(ground, { tenant, kind: 'archive', name: archiveId });
  if (found !== undefined) return found;
  throw new GreenroomError('archive_not_found', `there is no archive ${archiveId}`);
};

const CONFLICTS = 10;

/** Changes what is stored of it, and has the archiver look. @param fields of what is stored now; throws where they may not be. */
export const changeArchive = async (
  ground: Ground,
  tenant: Tenant,
  archiveId: string,
  fields: (record: StoredArchive, nowMs: number) => Partial<StoredArchive>,
): Promise<KnownArchive> => {
  for (let conflicts = 0; ; conflicts += 1) {
    const known = await archiveNamed(ground, tenant, archiveId);
    const nowMs = ground.caller.system.clock.now();
    const record = { ...known.record, ...fields(known.record, nowMs), updatedAtMs: nowMs };
    try {
      return await archives.store(ground, known, { record, dueMs: nowMs });
    } catch (error) {
      if (codeOf(error) !== 'version_conflict' || conflicts === CONFLICTS) throw error;
    } finally {
      archiverOf(ground).look();
    }
  }
};

/** Has the archiver do it. Throws `invalid_state` while it is at something else. */
export const askOf = (
  ground: Ground,
  tenant: Tenant,
  archiveId: string,
  task: Task,
  by: string,
): Promise<KnownArchive> =>
  changeArchive(ground, tenant, archiveId, (record, nowMs) => {
    mustTake(record, task);
    return { work: { task, status: 'pending', by, askedAtMs: nowMs, tried: 0 } };
  });

const mustTake = ({ status, work, hold }: StoredArchive, task: Task): void => {
  if (isAsked(work))
    throw new GreenroomError('invalid_state', `the archive is at another task: ${work.task.kind}`);
  if (status === 'in_progress' || (status === 'pending' && task.kind !== 'delete'))
    throw new GreenroomError('invalid_state', `the archive is ${status}`);
  if (status === 'failed' && task.kind !== 'delete')
    throw new GreenroomError(
      'invalid_state',
      'the archive has failed: there is nothing to look at',
    );
  if (task.kind === 'delete' && hold !== undefined)
    throw new GreenroomError('invalid_state', 'the archive is held: release it first');
};

/** As it is when nothing more is to be done of what was asked, or when the time is over; undefined: it is gone. */
export const whenSettled = async (
  ground: Ground,
  { key }: KnownArchive,
  timeoutMs: number,
): Promise<KnownArchive | undefined> => {
  const { clock } = ground.caller.system;
  const untilMs = clock.monotonic() + timeoutMs;
  for (;;) {
    // Asked for first: the end must not come between the look and the wait.
    const left = Math.max(0, untilMs - clock.monotonic());
    const settled = archiverOf(ground).settled(key, left);
    const known = await archives.find(ground, key);
    if (known === undefined || left === 0 || !isAtWork(known.record)) return known;
    await settled;
  }
};

const isAtWork = ({ status, work }: StoredArchive): boolean =>
  status === 'pending' || status === 'in_progress' || isAsked(work);

// ── as it is shown ───────────────────────────────────────────────────────────────────────────────

const text = z.string();
const count = z.int().min(0);
const moment = z.iso.datetime();
const failure = z.strictObject({ code: text, message: text });
const object = z.strictObject({ name: text, uri: text, sizeBytes: count, sha256: text });

export const ArchiveView = z.strictObject({
  archiveId: text,
  sessionId: text,
  status: z.enum(ARCHIVE_STATUSES),
  by: text,
  createdAt: moment,
  updatedAt: moment,
  /** When it was whole at its place, and was read back. */
  archivedAt: moment.exactOptional(),
  compression: z.enum(COMPRESSIONS),
  /** Patterns of what was left out. */
  exclude: z.array(text),
  /** Of the folder; of the transcript where there was none. */
  archivePath: text.exactOptional(),
  sizeBytes: count.exactOptional(),
  /** The folder that was archived. */
  directory: text,
  session: z.strictObject({
    title: text.exactOptional(),
    owner: text.exactOptional(),
    tags: z.array(text),
    workingDirectory: text.exactOptional(),
    messageCount: count,
    numTurns: count,
    /** Its known part. */
    costUsd: z.number().min(0),
    createdAt: moment,
    updatedAt: moment,
  }),
  /** Absent: there was none. */
  folder: object
    .extend({
      ...{ files: count, folders: count, links: count },
      /** Of its files, unpacked. */
      bytes: count,
      leftCount: count,
      left: z.array(z.strictObject({ path: text, why: text })),
    })
    .exactOptional(),
  list: object.exactOptional(),
  transcript: object.exactOptional(),
  manifest: object.exactOptional(),
  /** Attempts that failed. */
  tried: count,
  error: failure.exactOptional(),
  /** When it is tried again. */
  nextTryAt: moment.exactOptional(),
  /** How far the work on it is. */
  progress: z
    .strictObject({
      step: z.enum(PROGRESS_STEPS),
      bytes: count,
      ofBytes: count.exactOptional(),
      files: count.exactOptional(),
    })
    .exactOptional(),
  hold: z.strictObject({ reason: text.exactOptional() }).exactOptional(),
  /** When it goes by its age. */
  expiresAt: moment.exactOptional(),
  /** Of the directory here, which was deleted behind the archive. */
  freedBytes: count.exactOptional(),
  /** What was asked of it last. */
  work: z
    .strictObject({
      kind: z.enum(['verify', 'restore', 'delete']),
      status: z.enum(ARCHIVE_STATUSES),
      by: text,
      askedAt: moment,
      endedAt: moment.exactOptional(),
      tried: count,
      error: failure.exactOptional(),
      result: z.record(z.string(), z.unknown()).exactOptional(),
    })
    .exactOptional(),
});
export type ArchiveView = Readonly<z.output<typeof ArchiveView>>;

/** The same without what `given` leaves out. */
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;

/** How an object is called by people. */
export const uriOf = (place: Place, name: string): string =>
  place.kind === 'folder'
    ? `file://${place.dir}/${name}`
    : `s3://${place.bucket}/${place.prefix}${name}`;

/** As it is shown, with how far the work on it is. */
export const shownArchive = (ground: Ground, known: KnownArchive): ArchiveView => {
  const progress = isAtWork(known.record)
    ? ground.caller.system.find(archiverName)?.progress(known.key)
    : undefined;
  return progress === undefined
    ? viewOfArchive(known)
    : ({ ...viewOfArchive(known), progress: present({ ...progress }) } as ArchiveView);
};

const viewOfArchive = ({ key, record, dueMs }: KnownArchive): ArchiveView => {
  const { folder, transcript, list, manifest, place, session, work } = record;
  const shown = (stored: StoredObject | undefined) =>
    stored && {
      name: stored.name,
      uri: uriOf(place, stored.name),
      sizeBytes: stored.size,
      sha256: stored.sha256,
    };
  const first = shown(folder ?? transcript);
  const isKept = record.isTidy === true && !isAtWork(record);
  const isRetried =
    work?.status === 'pending' ? work.tried > 0 : record.tried > 0 && isAtWork(record);
  return present({
    ...{ archiveId: key.name, sessionId: record.sessionId, status: record.status, by: record.by },
    ...{ createdAt: iso(record.createdAtMs), updatedAt: iso(record.updatedAtMs) },
    archivedAt: record.archivedAtMs === undefined ? undefined : iso(record.archivedAtMs),
    ...{ compression: record.compression, exclude: [...record.exclude] },
    ...{ archivePath: first?.uri, sizeBytes: first?.sizeBytes, directory: record.directory },
    session: present({
      ...{ title: session.title, owner: session.owner, tags: [...session.tags] },
      ...{ workingDirectory: session.workingDirectory, messageCount: session.messageCount },
      ...{ numTurns: session.numTurns, costUsd: usdOf(session.costNanoUsd) },
      ...{ createdAt: iso(session.createdAtMs), updatedAt: iso(session.updatedAtMs) },
    }),
    folder: folder && {
      ...(shown(folder) as NonNullable<ReturnType<typeof shown>>),
      ...{ files: folder.files, folders: folder.folders, links: folder.links, bytes: folder.bytes },
      ...{ leftCount: folder.leftCount, left: [...folder.left] },
    },
    ...{ list: shown(list), transcript: shown(transcript), manifest: shown(manifest) },
    ...{
      tried: record.tried,
      error: record.error,
      hold: record.hold,
      freedBytes: record.freedBytes,
    },
    nextTryAt: isRetried && dueMs !== undefined ? iso(dueMs) : undefined,
    expiresAt: isKept && dueMs !== undefined && dueMs < LAST_MS ? iso(dueMs) : undefined,
    work:
      work &&
      present({
        ...{ kind: work.task.kind, status: work.status, by: work.by, askedAt: iso(work.askedAtMs) },
        endedAt: work.endedAtMs === undefined ? undefined : iso(work.endedAtMs),
        ...{ tried: work.tried, error: work.error, result: work.result },
      }),
  } as ArchiveView);
};

/** What is later is never. */
const LAST_MS = 253_402_300_799_000;

/** All of a tenant's, newest first: a page, from behind `cursor`. */
export const pageOfArchives = async (
  ground: Ground,
  tenant: Tenant,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<readonly KnownArchive[]> =>
  (await journalOf(ground).definitions(tenant, 'archive', {
    ...page,
    reverse: true,
  })) as unknown as readonly KnownArchive[];
