/**
 * What a chunk of a foreign transcript adds to a session: computed from the lines, the head and what
 * the journal holds of the stream, so that importing again, or a grown file, adds only what is new.
 */
import { describeLine } from './claude-code/describe-line.ts';
import { EMPTY_DIGEST, nextDigest } from './claude-code/digest.ts';
import { readLine } from './claude-code/read-line.ts';
import { mergeResponse, type ResponseRecord } from './claude-code/response-record.ts';
import {
  emptyFacts,
  foldChunk,
  type TranscriptFacts,
  titleOf,
} from './claude-code/transcript-facts.ts';
import { GreenroomError } from './errors.ts';
import type { Head } from './head.ts';
import type { Journal, ResponseWrite } from './journal.ts';
import type { ImportDelta } from './machine.ts';
import { addTags, isTag } from './tags.ts';
import { addUsage } from './usage.ts';

export interface ImportRequest {
  readonly type: 'importChunk';
  readonly subpath: string;
  readonly externalKey: string;
  /** 0-based number of the first line. */
  readonly fromLine: number;
  readonly lines: readonly Uint8Array[];
}

/** What the journal keeps with an imported stream. */
export interface ImportedStream {
  readonly externalKey: string;
  /** Over all lines stored so far: see `digest.ts`. */
  readonly digest: string;
  readonly facts: TranscriptFacts;
}

/**
 * Throws `invalid_request` when lines are missing before the chunk, `invalid_state` when the session
 * came from elsewhere. Lines that are stored already are skipped.
 */
export const prepareImport = (
  head: Head,
  request: ImportRequest,
  journal: Journal,
  nowMs: number,
): ImportDelta => {
  const { subpath, externalKey } = request;
  if (head.version > 0 && head.externalKey !== undefined && head.externalKey !== externalKey)
    throw new GreenroomError(
      'invalid_state',
      `the session was imported from ${head.externalKey}, not from ${externalKey}`,
    );
  const stream = journal.stream(head.key, subpath);
  const before = (stream?.imported as ImportedStream | undefined) ?? {
    externalKey,
    digest: EMPTY_DIGEST,
    facts: emptyFacts,
  };
  const stored = before.facts.lines;
  if (request.fromLine > stored)
    throw new GreenroomError(
      'invalid_request',
      `line ${stored} comes next, not ${request.fromLine}`,
    );
  const bodies = request.lines.slice(stored - request.fromLine);
  const { facts, responses } = foldChunk(before.facts, bodies);
  const counted = countResponses(head, responses, journal);
  const seq = (subpath === '' ? head.seq : (stream?.seq ?? 0)) + bodies.length;
  const imported: ImportedStream = {
    externalKey,
    digest: bodies.reduce(nextDigest, before.digest),
    facts,
  };
  return {
    subpath,
    lines: bodies.map((body) => ({ body, atMs: timeOf(body) ?? facts.firstAtMs ?? nowMs })),
    stream: { subpath, seq, imported },
    responses: counted.writes,
    totalLines: facts.lines,
    isNewStream: stream === undefined,
    head: withFacts(counted.head, subpath, externalKey, before.facts, facts, nowMs),
  };
};

const timeOf = (body: Uint8Array): number | undefined => {
  const read = readLine(body);
  return read.kind === 'objects'
    ? read.objects.map((object) => describeLine(object).atMs).find((atMs) => atMs !== undefined)
    : undefined;
};

/** Each response counts once, with its fullest copy, in whatever file or chunk it is seen. */
const countResponses = (
  head: Head,
  responses: ReadonlyMap<string, ResponseRecord>,
  journal: Journal,
) => {
  const writes: ResponseWrite[] = [];
  let { usage, costNanoUsd, unpricedAnswers } = head;
  for (const [responseKey, seen] of responses) {
    const old = journal.response(head.key, responseKey) as ResponseRecord | undefined;
    const merged = mergeResponse(old, seen);
    if (merged.record === old) continue;
    writes.push({ responseKey, record: merged.record });
    usage = addUsage(usage, merged.deltaUsage);
    costNanoUsd += merged.deltaCostNanoUsd;
    unpricedAnswers += merged.deltaUnpriced;
  }
  return { writes, head: { ...head, usage, costNanoUsd, unpricedAnswers } };
};

const withFacts = (
  head: Head,
  subpath: string,
  externalKey: string,
  before: TranscriptFacts,
  after: TranscriptFacts,
  nowMs: number,
): Head => {
  const isNew = head.version === 0;
  const firstAtMs = after.firstAtMs ?? nowMs;
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
    ...(head.outputUnderReported || after.isOutputUnderReported
      ? { outputUnderReported: true }
      : {}),
    ...(head.provider === undefined && after.model !== null
      ? { provider: 'anthropic' as const }
      : {}),
  };
  return subpath === '' ? withMainFacts(base, before, after) : base;
};

const withMainFacts = (head: Head, before: TranscriptFacts, after: TranscriptFacts): Head => {
  const title = titleOf(after) ?? after.firstPrompt ?? undefined;
  // A title that somebody gave here stays; one that the last import gave follows the transcript.
  const isOurs =
    head.title === undefined || head.title === (titleOf(before) ?? before.firstPrompt ?? undefined);
  const { cwd, gitBranch, model } = after;
  return {
    ...head,
    messageCount: head.messageCount + after.messageCount - before.messageCount,
    numTurns: head.numTurns + after.numTurns - before.numTurns,
    tags: addTags(head.tags, after.tags.filter(isTag)),
    ...(title !== undefined && isOurs ? { title: title.slice(0, 500) } : {}),
    ...(after.firstPrompt === null || head.summary !== undefined
      ? {}
      : { summary: after.firstPrompt }),
    ...(head.workingDirectory === undefined && cwd !== null ? { workingDirectory: cwd } : {}),
    ...(gitBranch === null ? {} : { gitBranch }),
    ...(model === null ? {} : { model }),
  };
};
