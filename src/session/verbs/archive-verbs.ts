/** Verbs on archives of sessions: made, found, looked through, read, brought back, held, deleted. */

import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { DefinitionName, SessionId } from '../../model/id-schemas.ts';
import { ARCHIVE_STATUSES, COMPRESSIONS, isAsked } from '../ports/archives.ts';
import {
  ArchiveView,
  archiveNamed,
  archiverOf,
  askOf,
  changeArchive,
  type KnownArchive,
  pageOfArchives,
  requestArchive,
  shownArchive,
  uriOf,
  whenSettled,
} from './archives.ts';
import { nextCursor } from './reply-schemas.ts';
import { leftMs, type SessionsWork, sessionsVerb, sessionVerb } from './verb.ts';

/** Longest wait for the end of what was asked. */
const MAX_WAIT_MS = 30_000;
const waitMs = z
  .int()
  .min(0)
  .max(MAX_WAIT_MS)
  .default(0)
  .describe('how long to wait for its end, in milliseconds; then it is answered as it is');
const archiveId = DefinitionName.describe('id of the archive');
const reply = z.strictObject({ archive: ArchiveView });

/** A little before the request's own end. */
const patience = (work: SessionsWork, wanted: number): number =>
  Math.max(0, Math.min(wanted, leftMs(work) - 500));

const archive = sessionVerb('archive', {
  request: z.strictObject({
    compression: z.enum(COMPRESSIONS).optional().describe('default `ARCHIVE_COMPRESSION`'),
    to: z.enum(['local', 's3']).optional().describe('default `STORAGE_PROVIDER`'),
    exclude: z
      .array(z.string().min(1).max(500))
      .max(100)
      .readonly()
      .optional()
      .describe('patterns of files that are left out, such as `node_modules`'),
    waitMs,
  }),
  reply,
  run: async (work, { waitMs: wanted, ...order }) => {
    const asked = await requestArchive(work, work.key, { ...order, by: work.context.principal });
    const known = await whenSettled(work, asked, patience(work, wanted));
    return { archive: shownArchive(work, known ?? asked) };
  },
});

/** Records that one search looks at; more of them are behind its cursor. */
const MOST_SEEN = 10_000;
const PAGE = 200;

const search = sessionsVerb('archives.search', {
  request: z.strictObject({
    sessionId: SessionId.optional().describe('of that session'),
    status: z.enum(ARCHIVE_STATUSES).optional(),
    owner: z.string().max(256).optional().describe('whose session had that owner'),
    tag: z.string().max(100).optional().describe('whose session had that tag'),
    text: z
      .string()
      .max(200)
      .optional()
      .describe('whose session had this in its title or directory'),
    limit: z.int().min(1).max(100).default(20),
    cursor: DefinitionName.optional(),
  }),
  reply: z.strictObject({ archives: z.array(ArchiveView), nextCursor }),
  run: async (work, { limit, cursor, ...wanted }) => {
    const found: KnownArchive[] = [];
    let after = cursor;
    for (let seen = 0; seen < MOST_SEEN; seen += PAGE) {
      const page = await pageOfArchives(work, work.context.tenant, {
        limit: PAGE,
        ...(after === undefined ? {} : { cursor: after }),
      });
      for (const known of page) {
        if (!fits(known, wanted)) continue;
        found.push(known);
        if (found.length === limit)
          return {
            archives: found.map((each) => shownArchive(work, each)),
            nextCursor: known.key.name,
          };
      }
      after = page.at(-1)?.key.name;
      if (page.length < PAGE || after === undefined)
        return { archives: found.map((each) => shownArchive(work, each)) };
    }
    return {
      archives: found.map((each) => shownArchive(work, each)),
      ...(after === undefined ? {} : { nextCursor: after }),
    };
  },
});

interface Wanted {
  readonly sessionId?: string | undefined;
  readonly status?: string | undefined;
  readonly owner?: string | undefined;
  readonly tag?: string | undefined;
  readonly text?: string | undefined;
}

const fits = (
  { record }: KnownArchive,
  { sessionId, status, owner, tag, text }: Wanted,
): boolean => {
  const { session } = record;
  const words = text?.toLowerCase();
  return (
    (sessionId === undefined || record.sessionId === sessionId) &&
    (status === undefined || record.status === status) &&
    (owner === undefined || session.owner === owner) &&
    (tag === undefined || session.tags.includes(tag)) &&
    (words === undefined ||
      `${session.title ?? ''}\n${record.directory}`.toLowerCase().includes(words))
  );
};

const get = sessionsVerb('archives.get', {
  request: z.strictObject({ archiveId }),
  reply,
  run: async (work, { archiveId: id }) => ({
    archive: shownArchive(work, await archiveNamed(work, work.context.tenant, id)),
  }),
});

const verify = sessionsVerb('archives.verify', {
  request: z.strictObject({ archiveId, waitMs }),
  reply,
  run: async (work, { archiveId: id, waitMs: wanted }) => {
    const { tenant, principal } = work.context;
    const asked = await askOf(work, tenant, id, { kind: 'verify' }, principal);
    const known = await whenSettled(work, asked, patience(work, wanted));
    return { archive: shownArchive(work, known ?? asked) };
  },
});

const restore = sessionsVerb('archives.restore', {
  request: z.strictObject({
    archiveId,
    session: z
      .boolean()
      .default(true)
      .describe(
        'whether the session comes back too, where it is gone; one that is there stays as it is',
      ),
    directory: z.boolean().default(true).describe('whether its folder comes back'),
    to: z
      .string()
      .max(4_096)
      .optional()
      .describe(
        'where the folder goes, absolute: nothing, or an empty folder. Default: where it was',
      ),
    waitMs,
  }),
  reply,
  run: async (work, { archiveId: id, session, directory, to, waitMs: wanted }) => {
    const { tenant, principal } = work.context;
    const { record } = await archiveNamed(work, tenant, id);
    if (to !== undefined && !isAbsolute(to))
      throw new GreenroomError('invalid_request', 'to: is no absolute path', {
        details: { field: 'to' },
      });
    if (to !== undefined && record.folder === undefined)
      throw new GreenroomError('archive_not_found', 'the archive has no folder');
    // Without what says nothing: what goes beside it must not go into it.
    const place =
      directory && record.folder !== undefined ? resolve(to ?? record.directory) : undefined;
    const task = {
      kind: 'restore',
      withSession: session,
      ...(place === undefined ? {} : { to: place }),
    } as const;
    const asked = await askOf(work, tenant, id, task, principal);
    const known = await whenSettled(work, asked, patience(work, wanted));
    return { archive: shownArchive(work, known ?? asked) };
  },
});

const remove = sessionsVerb('archives.delete', {
  request: z.strictObject({ archiveId, waitMs }),
  reply: z.strictObject({ deleted: z.boolean(), archive: ArchiveView.exactOptional() }),
  run: async (work, { archiveId: id, waitMs: wanted }) => {
    const { tenant, principal } = work.context;
    const asked = await askOf(work, tenant, id, { kind: 'delete' }, principal);
    const known = await whenSettled(work, asked, patience(work, wanted));
    return known === undefined
      ? { deleted: true }
      : { deleted: false, archive: shownArchive(work, known) };
  },
});

/** Of one answer, before it is written as base64. */
const MAX_READ_BYTES = 6_000_000;

const read = sessionsVerb('archives.read', {
  request: z.strictObject({
    archiveId,
    object: z.enum(['folder', 'list', 'transcript', 'manifest']).default('folder'),
    offset: z.int().min(0).default(0).describe('the first byte'),
    maxBytes: z.int().min(1).max(MAX_READ_BYTES).default(512_000),
  }),
  reply: z.strictObject({
    base64: z.string(),
    /** Of the whole object. */
    sizeBytes: z.int().min(0),
    sha256: z.string(),
    name: z.string(),
    /** The first byte behind these; absent: that was all. */
    nextOffset: z.int().min(1).exactOptional(),
  }),
  run: async (work, { archiveId: id, object, offset, maxBytes }) => {
    const { record } = await archiveNamed(work, work.context.tenant, id);
    const stored = record[object];
    if (stored === undefined || record.archivedAtMs === undefined)
      throw new GreenroomError('archive_not_found', `the archive has no ${object}`);
    const to = Math.min(stored.size, offset + maxBytes);
    const parts: Uint8Array[] = [];
    for await (const part of archiverOf(work).read(record, object, offset, to)) parts.push(part);
    const { size: sizeBytes, sha256, name } = stored;
    const base64 = Buffer.concat(parts).toString('base64');
    return { base64, sizeBytes, sha256, name, ...(to < sizeBytes ? { nextOffset: to } : {}) };
  },
});

/** The archiver looks at once, and says when it goes, or that it does not. */
const hold = sessionsVerb('archives.hold', {
  request: z.strictObject({ archiveId, reason: z.string().min(1).max(500).optional() }),
  reply,
  run: async (work, { archiveId: id, reason }) => {
    const held = { hold: reason === undefined ? {} : { reason } };
    const known = await changeArchive(work, work.context.tenant, id, ({ work: asked }) => {
      if (isAsked(asked) && asked.task.kind === 'delete')
        throw new GreenroomError('invalid_state', 'the archive is being deleted');
      return held;
    });
    return { archive: shownArchive(work, known) };
  },
});

const release = sessionsVerb('archives.release', {
  request: z.strictObject({ archiveId }),
  reply,
  run: async (work, { archiveId: id }) => {
    const known = await changeArchive(work, work.context.tenant, id, () => ({ hold: undefined }));
    return { archive: shownArchive(work, known) };
  },
});

const takeOver = sessionsVerb('archives.take-over', {
  request: z.strictObject({
    archiveId: archiveId
      .optional()
      .describe('the place where it lies. Default: where new archives go'),
  }),
  reply: z.strictObject({
    place: z.string(),
    /** Whether it was another store's. */
    wasOthers: z.boolean(),
  }),
  run: async (work, { archiveId: id }) => {
    const archiver = archiverOf(work);
    const place =
      id === undefined
        ? archiver.placeFor(undefined)
        : (await archiveNamed(work, work.context.tenant, id)).record.place;
    return { place: uriOf(place, ''), wasOthers: await archiver.takeOver(place) };
  },
});

export const archiveVerbs = { archive };
export const archivesVerbs = {
  ...{ 'archives.search': search, 'archives.get': get, 'archives.verify': verify },
  ...{ 'archives.restore': restore, 'archives.delete': remove, 'archives.read': read },
  ...{ 'archives.hold': hold, 'archives.release': release, 'archives.take-over': takeOver },
};
