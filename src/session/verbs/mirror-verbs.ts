/**
 * The verbs on mirrored transcripts. Which session of ours is meant, the catalog knows by its external
 * key; a key that it does not know is tried at our ids for it, one after the other.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import { ConcurrencyError, codeOf, type ErrorCode, GreenroomError } from '../../model/errors.ts';
import { keyString, type SessionKey, type Tenant } from '../../model/ids.ts';
import { TOMBSTONE_MS } from '../../model/tombstone.ts';
import type { Answered } from '../commits/waiting-changes.ts';
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
import type { SessionReader, StreamRecord } from '../ports/journal.ts';
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

const find = async (
  { caller, context }: SessionsWork,
  externalKey: string,
): Promise<SessionKey | undefined> => {
  const { rows } = await caller.system.fetch(catalogName).search(context.tenant, {
    externalKey,
    ...{ sortBy: 'createdAt', order: 'desc', limit: 1 },
  });
  return rows[0]?.key;
};

const openAt = (work: SessionsWork, key: SessionKey): Promise<SessionReader> =>
  journalOf(work).open(key);

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
    const found = await find(work, externalKey);
    for (const key of seats(work.context.tenant, request, found)) {
      if (key !== found && (await isBuried(work, key))) continue;
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
  run: (work, request) => unlessGone(() => loaded(work, request), { exists: false, entries: [] }),
});

const loaded = async (
  work: SessionsWork,
  request: MirrorRequests['mirror-load'],
): Promise<MirrorReplies['mirror-load']> => {
  const key = await find(work, externalKeyOf(request));
  const subpath = storedSubpath(request.subpath);
  const session = key && (await openAt(work, key));
  const stream = await session?.stream(subpath);
  const mirror = importedStream(stream)?.mirror;
  if (session === undefined || stream === undefined || mirror === undefined)
    return { exists: false, entries: [] };
  const life = `${session.key.sessionId}.${mirror.born}`;
  const { from, limit, maxBytes } = request;
  const page = await readPage(session, { subpath, from, to: stream.seq, limit }, maxBytes);
  const after = importedStream(await session.stream(subpath))?.mirror;
  if ((request.life ?? life) !== life || after?.born !== mirror.born)
    throw new ConcurrencyError('the transcript was begun anew: load it again');
  const next = (page.at(-1)?.seq ?? stream.seq) + 1;
  return {
    exists: true,
    entries: page.flatMap((entry) =>
      entry.kind === 'imported' ? [Buffer.from(entry.body).toString()] : [],
    ),
    life,
    ...(next <= stream.seq ? { nextFrom: next } : {}),
  };
};

const mirrorList = sessionsVerb('mirror-list', {
  ...MIRROR['mirror-list'],
  run: async (work, { projectKey, summaries, limit, cursor }) => {
    // Times of creation only ever become earlier, so a walk from the latest on misses nobody.
    const catalog = work.caller.system.fetch(catalogName);
    const { rows, nextCursor } = await catalog.search(work.context.tenant, {
      projectKey: storedName(projectKey),
      ...{ sortBy: 'createdAt', order: 'desc', limit },
      ...(cursor === undefined ? {} : { cursor }),
    });
    const sessions = await Promise.all(
      rows.map(async (row) =>
        listed(row, summaries ? await streamIfReadable(work, row.key) : undefined),
      ),
    );
    return { sessions: sessions.flat(), ...(nextCursor === undefined ? {} : { nextCursor }) };
  },
});

const mirrorSubkeys = sessionsVerb('mirror-subkeys', {
  ...MIRROR['mirror-subkeys'],
  run: async (work, request) => {
    const key = await find(work, externalKeyOf(request));
    const read = async (known: SessionKey) => (await openAt(work, known)).streams();
    const streams = key === undefined ? [] : await unlessGone(() => read(key), []);
    const subpaths = streams.map(({ subpath }) => subpath).filter((subpath) => subpath !== '');
    return { subkeys: subpaths.map(foreignName) };
  },
});

const mirrorDelete = sessionsVerb('mirror-delete', {
  ...MIRROR['mirror-delete'],
  run: async (work, request) => {
    const externalKey = externalKeyOf(request);
    const key = await find(work, externalKey);
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
const streamIfReadable = async (
  work: SessionsWork,
  key: SessionKey,
): Promise<StreamRecord | undefined> => {
  try {
    return await unlessGone(async () => (await openAt(work, key)).stream(''), undefined);
  } catch (error) {
    if (codeOf(error) !== 'corrupt_record') throw error;
    const during = `a list of mirrored sessions (${keyString(key)})`;
    const { system } = work.caller;
    system.report({ kind: 'fault', actor: 'sessions', during, error: error as Error });
    return undefined;
  }
};

/** One that goes while it is read is as one that was gone before. */
const unlessGone = async <T>(read: () => Promise<T>, gone: T): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (codeOf(error) !== 'session_deleted') throw error;
    return gone;
  }
};

const isBuried = async (work: SessionsWork, key: SessionKey): Promise<boolean> =>
  (await (await openAt(work, key)).tombstone()) !== undefined;

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
