/**
 * What a chunk of a foreign transcript adds to a session: computed from the lines, the head and what
 * the journal holds of the stream, so that importing again, or a grown file, adds only what is new.
 */

import { describeLine } from '../../claude-code/describe-line.ts';
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { type ReadLine, readLine } from '../../claude-code/read-line.ts';
import { mergeResponse, type ResponseRecord } from '../../claude-code/response-record.ts';
import {
  emptyFacts,
  foldChunk,
  type IsCopy,
  nameOf,
  type TranscriptFacts,
  titleOf,
  uuidsIn,
} from '../../claude-code/transcript-facts.ts';
import { wellCut, wellFormed } from '../../model/bounds.ts';
import { GreenroomError } from '../../model/errors.ts';
import { type Head, settableShape } from '../../model/head.ts';
import { withTools } from '../../model/tools-used.ts';
import { addTags, isTag, removeTags } from '../../tags/tags.ts';
import type { ImportDelta } from '../machine/input.ts';
import { unlikeMark } from '../mirror/mirror-key.ts';
import type { MirrorRecord } from '../mirror/mirror-record.ts';
import { UuidMarks } from '../mirror/uuid-marks.ts';
import type { ResponseWrite, SessionReader, Stored, StreamRecord } from '../ports/journal.ts';
import { Claims, type Contested, recount, type Spent } from '../transfer/response-owner.ts';
import { branchesAfter } from './division.ts';

export interface ImportRequest {
  readonly type: 'importChunk';
  readonly subpath: string;
  readonly externalKey: string;
  /** 0-based number of the first line. */
  readonly fromLine: number;
  readonly lines: readonly Uint8Array[];
  /** When the whole transcript ends, where that is known: decides where a response counts that lies in several. */
  readonly endsAtMs?: number | undefined;
  /** The time of a transcript that has none. */
  readonly fileAtMs?: number | undefined;
  /** Lines of other files that stand before it in the stream: see `Fragment`. */
  readonly followsLines?: number | undefined;
  /** Better claims were asked for: what is not this session's now is inherited. */
  readonly isSettled?: true;
}

/** What the journal keeps with an imported stream. */
export interface ImportedStream {
  readonly externalKey: string;
  /** Over all lines stored so far: see `digest.ts`. */
  readonly digest: string;
  readonly facts: TranscriptFacts;
  /** What stands in the stream before the file that `digest` is of. */
  readonly fragments?: readonly Fragment[];
  /** Of a stream that the Agent SDK keeps here. */
  readonly mirror?: MirrorRecord;
}

/**
 * A file without any message, whose session has another file: Claude Code leaves such ones where it only wrote down
 * a setting. The other file goes on behind it.
 */
export interface Fragment {
  readonly lines: number;
  readonly digest: string;
}

/** Lines of the stream that are of files before the one that it now takes. */
export const linesBefore = ({ fragments = [] }: Pick<ImportedStream, 'fragments'>): number =>
  fragments.reduce((sum, { lines }) => sum + lines, 0);

/** Most files that may stand in one stream. */
const MAX_FRAGMENTS = 100;

export const importedStream = (stream: StreamRecord | undefined): ImportedStream | undefined =>
  stream?.imported as ImportedStream | undefined;

/** A line, and what was read in it. */
export interface Line {
  readonly body: Uint8Array;
  readonly read: ReadLine;
}

export interface NewLines {
  readonly subpath: string;
  readonly externalKey: string;
  readonly lines: readonly Line[];
  /** Who adds them, for the audit. */
  readonly by: string;
  readonly endsAtMs?: number | undefined;
  readonly fileAtMs?: number | undefined;
  readonly isSettled?: true | undefined;
  /** Default: none of them is stored already. */
  readonly isCopy?: IsCopy;
}

/**
 * Throws `invalid_request` when lines are missing before the chunk, `invalid_state` when the session
 * came from elsewhere. Lines that are stored already are skipped.
 */
export const prepareImport = async (
  head: Head,
  request: ImportRequest,
  from: Stored,
  nowMs: number,
): Promise<ImportDelta> => {
  const { subpath, externalKey } = request;
  if (head.version > 0 && head.externalKey !== undefined && head.externalKey !== externalKey)
    throw new GreenroomError(
      'invalid_state',
      `the session was imported from ${head.externalKey}, not from ${externalKey}`,
    );
  const stream = following(head, await from.session.stream(subpath), request);
  const imported = importedStream(stream);
  const stored =
    (imported?.facts.lines ?? 0) - (imported === undefined ? 0 : linesBefore(imported));
  if (request.fromLine > stored)
    throw new GreenroomError(
      'invalid_request',
      `line ${stored} comes next, not ${request.fromLine}`,
    );
  const lines = request.lines
    .slice(stored - request.fromLine)
    .map((body) => ({ body, read: readLine(body) }));
  const uuids = uuidsIn(lines.map(({ read }) => read));
  const marks = await UuidMarks.read(from.session, subpath, uuids);
  const isCopy: IsCopy = (uuid) => !marks.isNew(uuid);
  const { endsAtMs, isSettled } = request;
  const claiming = { endsAtMs, fileAtMs: fileTime(request, nowMs), isSettled };
  const added = { subpath, externalKey, lines, by: 'import', isCopy, ...claiming };
  const delta = await addLines(head, stream, added, from, nowMs);
  return { ...delta, responses: [...delta.responses, ...marks.writes] };
};

/** No file was written to later than now: such a time is a mistake, and the session would stand first for ever. */
const fileTime = ({ fileAtMs }: ImportRequest, nowMs: number): number | undefined =>
  fileAtMs === undefined || fileAtMs > nowMs ? undefined : fileAtMs;

/** The stream as the file of the request sees it: what it follows is closed. */
const following = (
  head: Head,
  stream: StreamRecord | undefined,
  { followsLines, subpath }: ImportRequest,
): StreamRecord | undefined => {
  const imported = importedStream(stream);
  if (followsLines === undefined || stream === undefined || imported === undefined) return stream;
  const { facts, digest, fragments = [] } = imported;
  const before = linesBefore(imported);
  if (before === followsLines) return stream;
  const isEmpty = subpath === '' && head.messageCount === 0 && fragments.length < MAX_FRAGMENTS;
  if (!isEmpty || facts.lines !== followsLines)
    throw new GreenroomError('invalid_request', `nothing can follow line ${followsLines} here`);
  const closed = [...fragments, { lines: facts.lines - before, digest }];
  return { ...stream, imported: { ...imported, fragments: closed, digest: EMPTY_DIGEST } };
};

/** The delta of lines that are not stored yet, behind those that are. */
export const addLines = async (
  head: Head,
  stream: StreamRecord | undefined,
  { subpath, externalKey, lines, by, isCopy, ...claiming }: NewLines,
  { session, journal }: Stored,
  nowMs: number,
): Promise<ImportDelta> => {
  const before: ImportedStream = importedStream(stream) ?? {
    externalKey,
    digest: EMPTY_DIGEST,
    facts: emptyFacts,
  };
  const reads = lines.map(({ read }) => read);
  const { facts, responses } = foldChunk(before.facts, reads, undefined, isCopy);
  const claims = new Claims(head, journal, {
    endsAtMs: claiming.endsAtMs ?? null,
    contests: claiming.isSettled !== true,
  });
  const counted = await countResponses(head, responses, session, claims);
  if (claims.contested.length > 0)
    return nothingYet(head, stream, { subpath, by }, claims.contested);
  const seq = (subpath === '' ? head.seq : (stream?.seq ?? 0)) + lines.length;
  const isTalk = subpath === '' && facts.messageCount > before.facts.messageCount;
  const branches = isTalk ? await branchesAfter(head, stream, session) : head.branches;
  const { fragments } = before;
  const imported: ImportedStream = {
    externalKey,
    ...(fragments === undefined ? {} : { fragments }),
    digest: lines.reduce((digest, { body }) => nextDigest(digest, body), before.digest),
    facts,
  };
  return {
    subpath,
    lines: lines.map(({ body, read }) => ({
      body,
      atMs: timeOf(read) ?? facts.firstAtMs ?? claiming.fileAtMs ?? nowMs,
    })),
    stream: { subpath, seq, imported },
    responses: counted.writes,
    claims: claims.made,
    contested: [],
    totalLines: facts.lines,
    isNewStream: stream === undefined,
    by,
    head: withFacts({ ...counted.head, branches }, subpath, externalKey, before.facts, facts, {
      nowMs,
      fileAtMs: claiming.fileAtMs ?? nowMs,
    }),
  };
};

/** The owners are asked first; then the same lines come again. */
const nothingYet = (
  head: Head,
  stream: StreamRecord | undefined,
  { subpath, by }: Pick<NewLines, 'subpath' | 'by'>,
  contested: readonly Contested[],
): ImportDelta => ({
  ...{ subpath, head, by, contested },
  ...{ lines: [], responses: [], claims: [], isNewStream: stream === undefined },
  stream: stream ?? { subpath, seq: 0 },
  totalLines: importedStream(stream)?.facts.lines ?? 0,
});

const timeOf = (read: ReadLine): number | undefined =>
  read.kind === 'objects'
    ? read.objects.map((object) => describeLine(object).atMs).find((atMs) => atMs !== undefined)
    : undefined;

/** Each response counts once, with its fullest copy, in whatever file or chunk it is seen. */
const countResponses = async (
  head: Head,
  responses: ReadonlyMap<string, ResponseRecord>,
  session: SessionReader,
  claims: Claims,
) => {
  const asked = [...responses.keys()].map((responseKey) => ({
    responseKey: unlikeMark(responseKey),
  }));
  const stored = await Promise.all(asked.map(({ responseKey }) => session.response(responseKey)));
  await claims.read(asked.filter((_, at) => stored[at] === undefined));
  const writes: ResponseWrite[] = [];
  let spent: Spent = head;
  for (const [at, seen] of [...responses.values()].entries()) {
    const { responseKey } = asked[at] as { responseKey: string };
    const old = stored[at] as ResponseRecord | undefined;
    const record =
      old === undefined ? claims.claim(responseKey, seen) : mergeResponse(old, seen).record;
    if (record === old) continue;
    writes.push({ responseKey, record });
    spent = recount(spent, old, record);
  }
  const { usage, costNanoUsd, unpricedAnswers, inheritedCostNanoUsd } = spent;
  return { writes, head: { ...head, usage, costNanoUsd, unpricedAnswers, inheritedCostNanoUsd } };
};

const withFacts = (
  head: Head,
  subpath: string,
  externalKey: string,
  before: TranscriptFacts,
  after: TranscriptFacts,
  { nowMs, fileAtMs }: { readonly nowMs: number; readonly fileAtMs: number },
): Head => {
  // Until a line had a time, the session has the file's, or that of its last import.
  const { updatedAtMs, importedAtMs } = head;
  const isOfNoLine = updatedAtMs === fileAtMs || updatedAtMs === importedAtMs;
  const isNew = head.version === 0 || (before.firstAtMs === null && isOfNoLine);
  const firstAtMs = after.firstAtMs ?? fileAtMs;
  const lastAtMs = after.lastAtMs ?? firstAtMs;
  const base: Head = {
    ...head,
    externalKey,
    status: head.status === 'created' ? 'idle' : head.status,
    importedAtMs: nowMs,
    createdAtMs: isNew ? firstAtMs : Math.min(head.createdAtMs, firstAtMs),
    updatedAtMs: isNew ? lastAtMs : Math.max(head.updatedAtMs, lastAtMs),
    toolCallCount: head.toolCallCount + after.toolCallCount - before.toolCallCount,
    errorCount: head.errorCount + after.errorCount - before.errorCount,
    toolsUsed: withTools(head.toolsUsed, after.toolsUsed),
    ...(head.outputUnderReported || after.isOutputUnderReported
      ? { outputUnderReported: true }
      : {}),
    ...(head.provider === undefined && after.model !== null
      ? { provider: 'anthropic' as const }
      : {}),
  };
  return subpath === '' ? withMainFacts(base, before, after) : base;
};

/** As of settings. */
const MAX_TITLE = 500;

const withMainFacts = (head: Head, before: TranscriptFacts, after: TranscriptFacts): Head => {
  const title = titleIn(nameOf(after));
  // A title that somebody gave here stays; one that the last import gave follows the transcript.
  const given = [nameOf(before), titleOf(before) ?? before.firstPrompt ?? undefined];
  const isOurs = head.title === undefined || given.some((each) => titleIn(each) === head.title);
  const { cwd, gitBranch, model } = after;
  const tagsGone = before.tags.filter((tag) => !after.tags.includes(tag));
  return {
    ...head,
    messageCount: head.messageCount + after.messageCount - before.messageCount,
    numTurns: head.numTurns + after.numTurns - before.numTurns,
    tags: addTags(removeTags(head.tags, tagsGone), after.tags.filter(isTag)),
    ...(title !== undefined && isOurs ? { title } : {}),
    ...(after.firstPrompt === null || head.summary !== undefined
      ? {}
      : { summary: wellFormed(after.firstPrompt) }),
    ...(head.workingDirectory === undefined ? fitting('workingDirectory', cwd) : {}),
    ...(gitBranch === null ? {} : { gitBranch: wellCut(wellFormed(gitBranch), MAX_BRANCH) }),
    ...fitting('model', model),
  };
};

/** Longest branch that a head names, in characters. */
const MAX_BRANCH = 1_000;

const titleIn = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined ? undefined : wellCut(wellFormed(text), MAX_TITLE);

/** What the line says, if a client might set it too; else it stands in the line alone. */
const fitting = (
  field: 'workingDirectory' | 'model',
  value: string | null,
): { readonly workingDirectory?: string; readonly model?: string } =>
  value !== null && settableShape[field].safeParse(value).success ? { [field]: value } : {};
