/** Verbs that take in foreign transcripts, line by line. */
import { z } from 'zod';
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import type { ResponseRecord } from '../../claude-code/response-record.ts';
import { isWellFormed } from '../../model/bounds.ts';
import { ConcurrencyError, GreenroomError } from '../../model/errors.ts';
import { isStoredName } from '../mirror/mirror-key.ts';
import type { SessionReader, StreamRecord } from '../ports/journal.ts';
import { importedStream, linesBefore } from '../prepare/import.ts';
import { importSettled } from './import-settled.ts';
import { nextCursor, SessionView } from './reply-schemas.ts';
import { importRequest } from './requests.ts';
import { placeOf, sealed, sealedCursor } from './sealed-cursor.ts';
import { leftMs, type SessionWork, sessionVerb } from './verb.ts';
import { sessionView } from './views.ts';

const HALF = 'holds half of a surrogate pair';
/** Entries read at once. */
const PAGE = 1_000;

const count = z.int().min(0);
const subpath = z
  .string()
  .max(256)
  .refine(isWellFormed, HALF)
  .refine(isStoredName, 'begins with a quote and is no name that was stored')
  .default('')
  .describe("empty for the main transcript, `agent-…` for a sub-agent's");

const importLines = sessionVerb('import', {
  request: z.strictObject({
    subpath,
    externalKey: z.string().min(1).max(1_024).refine(isWellFormed, HALF),
    fromLine: count.describe('0-based number of the first line of this chunk'),
    lines: z
      .array(z.string())
      .max(10_000)
      .describe(
        'raw lines without their newlines, any content, base64 if they are not valid UTF-8',
      ),
    base64: z
      .boolean()
      .default(false)
      .describe('the lines are base64: some line is not valid UTF-8'),
    endsAtMs: count
      .optional()
      .describe(
        'when the whole transcript ends, in ms since the epoch: of copies of a response the one of the transcript that ended first counts',
      ),
    fileAtMs: count
      .optional()
      .describe(
        'when the file was last written to, in ms since the epoch: the time of a transcript that has none',
      ),
    followsLines: count
      .optional()
      .describe(
        'the transcript goes on behind so many lines of another file, which has no message (`emptyThrough`)',
      ),
  }),
  reply: z.strictObject({
    session: SessionView,
    /** Lines of the stream that are stored now. */
    lines: count,
    added: count,
  }),
  run: async (work, chunk) => {
    const request = importRequest(chunk);
    const { answer, head } = await importSettled(work.caller, work.key, request, leftMs(work));
    if (answer.type !== 'imported')
      throw new GreenroomError('internal', 'an import was answered with something else');
    return { session: sessionView(head), lines: answer.lines, added: answer.added };
  },
});

const StateRequest = z.strictObject({
  subpath,
  lines: count
    .optional()
    .describe(
      'digest over the first so many lines only, to compare an older state of the file with',
    ),
  inherited: z
    .boolean()
    .default(false)
    .describe('also the keys of responses that count in other sessions, a page at a time'),
  cursor: sealedCursor,
});

const ImportState = z.strictObject({
  exists: z.boolean(),
  externalKey: z.string().exactOptional(),
  lines: count,
  /** Over these lines, to compare a grown file with. */
  digest: z.string(),
  /** Files without a message that stand before it in the same transcript. */
  fragments: z
    .array(z.strictObject({ lines: count, digest: z.string() }))
    .readonly()
    .exactOptional(),
  /** The transcript has no message yet: so many lines, behind which another file of the session may go on. */
  emptyThrough: count.exactOptional(),
  inherited: z.array(z.string()).readonly().exactOptional(),
  /** There are more inherited ones. */
  nextCursor,
});

const importState = sessionVerb('import-state', {
  request: StateRequest,
  reply: ImportState,
  run: (work, request) => stateOf(work, request),
});

export const importVerbs = { import: importLines, 'import-state': importState };

const stateOf = async (
  work: SessionWork,
  { subpath, lines, inherited, cursor }: z.output<typeof StateRequest>,
): Promise<z.output<typeof ImportState>> => {
  const session = await work.caller.open(work.key);
  const { head } = session;
  const externalKey = head?.externalKey;
  const known = {
    exists: head !== undefined,
    ...(externalKey === undefined ? {} : { externalKey }),
    ...(inherited ? await inheritedKeys(session, cursor) : {}),
  };
  const stream = await session.stream(subpath);
  const stored = importedStream(stream);
  if (stream === undefined || stored === undefined)
    return { ...known, lines: 0, digest: EMPTY_DIGEST };
  const { facts, digest, fragments } = stored;
  const before = linesBefore(stored);
  const isEmpty = subpath === '' && head?.messageCount === 0;
  const more = {
    ...known,
    ...(fragments === undefined ? {} : { fragments }),
    ...(isEmpty ? { emptyThrough: facts.lines } : {}),
  };
  if (lines === undefined || lines >= facts.lines - before)
    return { ...more, lines: facts.lines - before, digest };
  return { ...more, lines, digest: await digestOf(session, stream, before, lines) };
};

/** Responses and marks looked at for one page. */
const INHERITED_PAGE = 4_000;

const inheritedKeys = async (session: SessionReader, cursor: string | undefined) => {
  const list = { name: 'inherited', key: session.key } as const;
  const from = cursor === undefined ? {} : { cursor: placeOf(list, cursor) };
  const options = { limit: INHERITED_PAGE, ...from };
  const page = await session.responses(options);
  const last = page.at(-1);
  return {
    inherited: page
      .filter(({ record }) => (record as Partial<ResponseRecord>).isInherited === true)
      .map(({ responseKey }) => responseKey),
    ...(last === undefined || page.length < INHERITED_PAGE
      ? {}
      : { nextCursor: sealed(list, last.cursor) }),
  };
};

/** Read back, for a file that is older than what is stored of it. */
const digestOf = async (
  session: SessionReader,
  { subpath, seq: last }: StreamRecord,
  before: number,
  lines: number,
): Promise<string> => {
  let digest = EMPTY_DIGEST;
  let left = lines;
  let skip = before;
  for (let from = 1; from <= last && left > 0; from += PAGE)
    for (const entry of await session.entries({
      subpath,
      from,
      to: from + PAGE - 1,
      limit: PAGE,
    })) {
      if (entry.kind !== 'imported' || left === 0 || skip-- > 0) continue;
      digest = nextDigest(digest, entry.body);
      left -= 1;
    }
  if (left > 0)
    throw new ConcurrencyError('the transcript was deleted while it was read: ask again');
  return digest;
};
