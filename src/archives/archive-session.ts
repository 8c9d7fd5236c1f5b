/**
 * Archives a session: its folder packed, its export, a manifest that names both, read back, and noted in the session.
 *
 * 1. Whatever stops it, it begins anew: what was put has the name of its bytes and is found again.
 * 2. The record names an object before it is put. It is `completed` when all was read back and the session says so.
 * 3. The session that is noted is the one that was exported: one that has changed meanwhile is archived anew.
 */
import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { GreenroomError } from '../model/errors.ts';
import type { Head } from '../model/head.ts';
import { iso } from '../model/moment.ts';
import { hasEnded } from '../model/words.ts';
import { crashpoint } from '../platform/crashpoint.ts';
import { makeFolder } from '../platform/make-folder.ts';
import { through } from '../platform/through.ts';
import {
  isAsked,
  NEVER_MS,
  type PackedFolder,
  type StoredArchive,
  type StoredObject,
} from '../session/ports/archives.ts';
import { factsOf } from '../session/verbs/archives.ts';
import type { Ground } from './ground.ts';
import {
  folderName,
  listName,
  manifestName,
  mustBeAsPut,
  type Outgoing,
  objectOf,
  putAndRead,
  transcriptName,
} from './objects.ts';
import { writeFileOf } from './pack/pack.ts';
import { type KnownArchive, sessionOf } from './records.ts';

/** Rejects with what went wrong: the record stays as it is, for another attempt. */
export const archiveSession = async (
  ground: Ground,
  archive: KnownArchive,
  signal: AbortSignal,
): Promise<void> => {
  const { records, sessions, clock } = ground;
  const { key } = archive;
  const head = await sessions.head(sessionOf(archive));
  const isNoted = head === undefined || (head.status === 'archived' && head.archiveId === key.name);
  if (!isNoted || archive.record.archivedAtMs === undefined) {
    mustHaveEnded(head);
    // As it is now: it may have got another title, or another directory, since it was asked for.
    const directory = head.workingDirectory ?? ground.workspaceOf(sessionOf(archive));
    const now = await records.change(key, () => ({
      ...{ status: 'in_progress', session: factsOf(head), directory },
    }));
    const staging = join(ground.staging, key.name);
    await rm(staging, { recursive: true, force: true });
    await makeFolder(staging);
    try {
      await packAndPut({ ...ground, staging }, now, head, signal);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  crashpoint('archive.noted');
  await records.change(key, () => ({
    ...{ status: 'completed', error: undefined, dueMs: clock.now() }, // what is left to tidy up is due at once
  }));
};

function mustHaveEnded(head: Head | undefined): asserts head is Head {
  if (head === undefined) throw new GreenroomError('session_not_found', 'the session is gone');
  if (!hasEnded(head) || head.status === 'archived')
    throw new GreenroomError('invalid_state', `the session is ${head.status}`);
}

const packAndPut = async (
  ground: Ground,
  archive: KnownArchive,
  head: Head,
  signal: AbortSignal,
): Promise<void> => {
  const { sessions, records, objects, clock } = ground;
  const { key, record } = archive;
  const session = sessionOf(archive);
  const packed = await pack(ground, archive, signal);
  const transcript = await exportTo(ground, archive);
  if ((await sessions.head(session))?.version !== head.version)
    throw new GreenroomError('version_conflict', 'the session changed while it was archived');
  const outgoing = [...(packed === undefined ? [] : [packed.folder, packed.list]), transcript];
  crashpoint('archive.packed');
  const stored = {
    folder: packed?.facts,
    ...{ list: packed?.list.object, transcript: transcript.object },
  };
  const manifest = manifestOf(archive, stored);
  await objects.run(() => putAll(ground, archive, outgoing, manifest, signal));
  crashpoint('archive.put');
  await records.change(key, () => ({
    ...{ ...stored, manifest: manifest.object, archivedAtMs: clock.now() },
    replaces: head.archiveId === key.name ? undefined : head.archiveId,
  }));
  const first = stored.folder ?? transcript.object;
  const archivePath = ground.target(record.place).uri(first.name);
  await sessions.note(session, {
    ...{ now: 'archived', archiveId: key.name, by: record.by, ifVersion: head.version },
    details: { archivePath, sizeBytes: first.size },
  });
};

const putAll = async (
  { records, target, mustBeOurs, progress }: Ground,
  archive: KnownArchive,
  outgoing: readonly Outgoing[],
  { bytes, object }: Manifest,
  signal: AbortSignal,
): Promise<void> => {
  const { key, record } = archive;
  const names = [...outgoing.map(({ object: { name } }) => name), object.name];
  await records.change(key, (known) => ({ names: [...new Set([...known.names, ...names])] }));
  crashpoint('archive.named');
  const putting = { bytes: 0, ofBytes: 0 };
  const at = target(record.place, (bytes) => {
    putting.bytes += bytes;
    const { ofBytes } = putting;
    // What goes beyond it comes back.
    if (putting.bytes <= ofBytes) progress(archive, { step: 'putting', ...putting });
  });
  await mustBeOurs(at, signal);
  for (const each of outgoing) {
    Object.assign(putting, { bytes: 0, ofBytes: each.object.size });
    progress(archive, { step: 'putting', ...putting });
    await putAndRead(at, each, signal, (bytes) =>
      progress(archive, { step: 'reading', bytes, ofBytes: each.object.size }),
    );
  }
  // What stands there under our own name is of an earlier attempt.
  if (!(await at.putOnce(object.name, bytes, signal)))
    await at.overwrite(object.name, bytes, signal);
  await mustBeAsPut(at, object, signal);
};

interface PackedParts {
  readonly folder: Outgoing;
  readonly list: Outgoing;
  readonly facts: PackedFolder;
}

/** Undefined: there is no folder. */
const pack = async (
  { thread, staging, progress, mustBeAllowed, workspaceOf }: Ground,
  known: KnownArchive,
  signal: AbortSignal,
): Promise<PackedParts | undefined> => {
  const { record } = known;
  const { directory, compression, exclude } = record;
  const there = await stat(directory).catch(() => undefined);
  if (there?.isDirectory() !== true) return undefined;
  const root = await mustBeAllowed(directory, workspaceOf(sessionOf(known)));
  progress(known, { step: 'packing', files: 0, bytes: 0 });
  const [into, listInto] = [join(staging, 'folder'), join(staging, 'list')];
  const packed = await thread(
    'pack',
    { root, into, listInto, compression, exclude },
    signal,
    ({ files, bytes }) => progress(known, { step: 'packing', files, bytes }),
  );
  const { archive, list, counts, left, leftCount } = packed;
  const object = objectOf(folderName(archive.sha256, compression), archive);
  return {
    folder: { path: into, object },
    list: { path: listInto, object: objectOf(listName(list.sha256), list) },
    facts: { ...object, ...counts, leftCount, left },
  };
};

const exportTo = async (
  { sessions, staging }: Ground,
  archive: KnownArchive,
): Promise<Outgoing> => {
  const path = join(staging, 'transcript');
  const text = bytesOf(sessions.exported(sessionOf(archive)));
  const written = await writeFileOf(path, () => through(text, createGzip({ level: 6 })));
  return { path, object: objectOf(transcriptName(written.sha256), written) };
};

async function* bytesOf(pages: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const page of pages) if (page !== '') yield Buffer.from(page);
}

interface Manifest {
  readonly bytes: Buffer;
  readonly object: StoredObject;
}

/** What the archive is, for those who have nothing but the place. */
const manifestOf = (
  { key, record }: KnownArchive,
  objects: Pick<StoredArchive, 'folder' | 'list' | 'transcript'>,
): Manifest => {
  const { sessionId, session, compression, exclude, createdAtMs, directory } = record;
  const text = JSON.stringify({
    ...{ format: 1, archiveId: key.name, tenant: key.tenant, sessionId },
    ...{ createdAt: iso(createdAtMs), compression, exclude, directory, session, ...objects },
  });
  const bytes = Buffer.from(`${text}\n`);
  return {
    bytes,
    object: objectOf(manifestName(key.name), {
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }),
  };
};

/** When it is to be worked on next: at once, when it goes by its age, or never. */
export const dueOf = (
  { retentionMs, clock }: Pick<Ground, 'retentionMs' | 'clock'>,
  { status, isTidy, work, archivedAtMs, hold }: StoredArchive,
): number => {
  if (isAsked(work)) return clock.now();
  if (status === 'failed') return NEVER_MS;
  if (status !== 'completed' || isTidy !== true) return clock.now();
  const isKept = retentionMs === 0 || hold !== undefined || archivedAtMs === undefined;
  return isKept ? NEVER_MS : archivedAtMs + retentionMs;
};
