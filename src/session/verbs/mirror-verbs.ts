/**
 * The verbs on mirrored transcripts. Which session of ours is meant, the catalog knows by its external
 * key; a key that it does not know is tried at our ids for it, one after the other.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import { codeOf, type ErrorCode, GreenroomError } from '../../model/errors.ts';
import { keyString, type SessionKey, type Tenant } from '../../model/ids.ts';
import { TOMBSTONE_MS } from '../../model/tombstone.ts';
import type { Answered } from '../actor/waiting-changes.ts';
import { bytesOfAll } from '../memory/mapped.ts';
import {
  externalKeyOf,
  foreignIdIn,
  foreignName,
  idsFor,
  storedName,
} from '../mirror/mirror-key.ts';
import type { SummaryData } from '../mirror/session-summary.ts';
import { catalogName } from '../ports/catalog.ts';
import type { StreamRecord } from '../ports/journal.ts';
import { readPage } from '../ports/pages.ts';
import { importedStream } from '../prepare/import.ts';
import type { MirrorRequest } from '../prepare/prepare-mirror.ts';
import { importSettled } from './import-settled.ts';
import {
  MIRROR,
  type MirroredSession,
  type MirrorReplies,
  type MirrorRequests,
} from './mirror-api.ts';
import { change, journalOf, leftMs, type SessionsWork, sessionsVerb } from './verb.ts';

/** The id is another session's, or of one that was deleted: the next one is tried. */
const TAKEN: readonly ErrorCode[] = ['session_exists', 'session_deleted'];
/** The session is not there (any more). */
const GONE: readonly ErrorCode[] = ['session_not_found', ...TAKEN];

const find = ({ caller, context }: SessionsWork, externalKey: string): SessionKey | undefined =>
  caller.system.fetch(catalogName).search(context.tenant, {
    externalKey,
    ...{ sortBy: 'createdAt', order: 'desc', limit: 1 },
  }).rows[0]?.key;

const streamOf = (work: SessionsWork, key: SessionKey | undefined, subpath: string) =>
  key === undefined ? undefined : journalOf(work).stream(key, subpath);

const mirrorAppend = sessionsVerb('mirror-append', {
  ...MIRROR['mirror-append'],
  run: async (work, request) => {
    const externalKey = externalKeyOf(request);
    const mirror: MirrorRequest = {
      type: 'mirror',
      externalKey,
      projectKey: request.projectKey,
      subpath: storedSubpath(request.subpath),
      lines: bytesOfAll(request.entries),
    };
    const found = find(work, externalKey);
    for (const key of seats(work.context.tenant, request, found)) {
      if (key !== found && journalOf(work).tombstone(key) !== undefined) continue;
      try {
        return appended(await importSettled(work.caller, key, mirror, leftMs(work)));
      } catch (error) {
        if (!TAKEN.includes(codeOf(error))) throw error;
      }
    }
    throw new GreenroomError('session_deleted', 'the session was deleted too often this month');
  },
});

const mirrorLoad = sessionsVerb('mirror-load', {
  ...MIRROR['mirror-load'],
  run: (work, request): MirrorReplies['mirror-load'] => {
    const key = find(work, externalKeyOf(request));
    const subpath = storedSubpath(request.subpath);
    const stream = streamOf(work, key, subpath);
    const mirror = importedStream(stream)?.mirror;
    if (key === undefined || stream === undefined || mirror === undefined)
      return { exists: false, entries: [] };
    const life = `${key.sessionId}.${mirror.born}`;
    if (request.life !== undefined && request.life !== life)
      throw new GreenroomError('version_conflict', 'the transcript was begun anew: load it again');
    const { from, limit, maxBytes } = request;
    const page = readPage(journalOf(work), key, { subpath, from, to: stream.seq, limit }, maxBytes);
    const next = (page.at(-1)?.seq ?? stream.seq) + 1;
    return {
      exists: true,
      entries: page.flatMap((entry) =>
        entry.kind === 'imported' ? [Buffer.from(entry.body).toString()] : [],
      ),
      life,
      ...(next <= stream.seq ? { nextFrom: next } : {}),
    };
  },
});

const mirrorList = sessionsVerb('mirror-list', {
  ...MIRROR['mirror-list'],
  run: (work, { projectKey, summaries, limit, cursor }) => {
    // Times of creation only ever become earlier, so a walk from the latest on misses nobody.
    const { rows, nextCursor } = work.caller.system.fetch(catalogName).search(work.context.tenant, {
      projectKey: storedName(projectKey),
      ...{ sortBy: 'createdAt', order: 'desc', limit },
      ...(cursor === undefined ? {} : { cursor }),
    });
    const sessions = rows.flatMap((row) =>
      listed(row, summaries ? streamIfReadable(work, row.key) : undefined),
    );
    return { sessions, ...(nextCursor === undefined ? {} : { nextCursor }) };
  },
});

const mirrorSubkeys = sessionsVerb('mirror-subkeys', {
  ...MIRROR['mirror-subkeys'],
  run: (work, request) => {
    const key = find(work, externalKeyOf(request));
    const streams = key === undefined ? [] : journalOf(work).streams(key);
    const subpaths = streams.map(({ subpath }) => subpath).filter((subpath) => subpath !== '');
    return { subkeys: subpaths.map(foreignName) };
  },
});

const mirrorDelete = sessionsVerb('mirror-delete', {
  ...MIRROR['mirror-delete'],
  run: async (work, request) => {
    const externalKey = externalKeyOf(request);
    const key = find(work, externalKey);
    if (key === undefined) return { deleted: false };
    try {
      if (request.subpath === undefined) {
        const tombstone = { ifVersion: undefined, tombstoneMs: TOMBSTONE_MS };
        await change(work, key, { type: 'delete', by: 'agent-sdk', ...tombstone });
        return { deleted: true };
      }
      const subpath = storedName(request.subpath);
      const { answer } = await change(work, key, { type: 'dropSide', externalKey, subpath });
      return { deleted: answer.type === 'dropped' && answer.wasThere };
    } catch (error) {
      if (!GONE.includes(codeOf(error))) throw error;
      return { deleted: false };
    }
  },
});

export const mirrorVerbs = {
  'mirror-append': mirrorAppend,
  'mirror-load': mirrorLoad,
  'mirror-list': mirrorList,
  'mirror-subkeys': mirrorSubkeys,
  'mirror-delete': mirrorDelete,
};

/** In a list, one that is broken costs itself: it is listed without what it says. */
const streamIfReadable = (work: SessionsWork, key: SessionKey): StreamRecord | undefined => {
  try {
    return streamOf(work, key, '');
  } catch (error) {
    if (codeOf(error) !== 'corrupt_record') throw error;
    const during = `a list of mirrored sessions (${keyString(key)})`;
    const { system } = work.caller;
    system.report({ kind: 'fault', actor: 'sessions', during, error: error as Error });
    return undefined;
  }
};

/** Where the session is, or may be made; only as far as it is asked, for each costs a hash. */
function* seats(
  tenant: Tenant,
  request: MirrorRequests['mirror-append'],
  found: SessionKey | undefined,
): Generator<SessionKey> {
  if (found !== undefined) yield found;
  for (const sessionId of idsFor(request)) yield { tenant, sessionId };
}

const storedSubpath = (subpath: string | undefined): string =>
  subpath === undefined ? '' : storedName(subpath);

const appended = ({ answer, head }: Answered): MirrorReplies['mirror-append'] => {
  if (answer.type !== 'imported')
    throw new GreenroomError('internal', 'an append was answered with something else');
  return { sessionId: head.key.sessionId, lines: answer.lines, added: answer.added };
};

/** Without a stream, only when it was written to: that stands in the row. */
const listed = (row: CatalogRow, stream: StreamRecord | undefined): MirroredSession[] => {
  const sessionId = foreignIdIn(row.externalKey);
  if (sessionId === undefined) return [];
  const mirror = importedStream(stream)?.mirror;
  const mtime = mirror?.mtimeMs ?? row.importedAtMs ?? row.updatedAtMs;
  const { summary } = mirror ?? {};
  return [
    {
      sessionId,
      mtime,
      ...(summary === undefined ? {} : { data: JSON.parse(summary) as SummaryData }),
    },
  ];
};
