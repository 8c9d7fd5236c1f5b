/**
 * What a transcript says about its session, gathered line by line in constant memory.
 *
 * 1. Facts are small plain JSON: the importer stores them beside the stream and goes on from them
 *    when the file has grown.
 * 2. Folding in chunks, cut anywhere between lines, gives the same as folding at once.
 * 3. Responses are not facts: they go out per chunk, for the caller to count each key once.
 */
import { withTools } from '../model/tools-used.ts';
import type { PriceTable } from '../pricing/price-row.ts';
import { describeLine, type LineFacts, type TitleFact } from './describe-line.ts';
import type { RawLine } from './raw-line.ts';
import { type ReadLine, readLine } from './read-line.ts';
import { follow, type OpenResponse } from './response-key.ts';
import { mergeResponse, type ResponseRecord, responseRecord } from './response-record.ts';
import { plainTitle, promptWords } from './typed-prompt.ts';

export interface TranscriptFacts {
  readonly lines: number;
  readonly malformed: number;
  /** Lines that held more than one object, or one and a rest. */
  readonly recovered: number;
  /** Records by their type. */
  readonly byType: Readonly<Record<string, number>>;
  readonly titles: Readonly<Partial<Record<TitleFact['source'], string>>>;
  /** Summary lines whose record has not come by: at most 64, the oldest forgotten first. */
  readonly openSummaries: readonly { readonly leafUuid: string; readonly text: string }[];
  readonly tags: readonly string[];
  /** Where the session was started. */
  readonly cwd: string | null;
  /** The branch that it was last on. */
  readonly gitBranch: string | null;
  /** Earliest and latest time of a chained record; side-cars are not activity. */
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
  /** User and assistant records of the main chain, and of sub-agents. */
  readonly messageCount: number;
  readonly sideMessageCount: number;
  readonly numTurns: number;
  readonly toolCallCount: number;
  /** Names of the tools called; absent: none, or an older version read these lines. */
  readonly toolsUsed?: readonly string[] | undefined;
  readonly errorCount: number;
  /** The first words that somebody typed, at most 200 characters. */
  readonly firstPrompt: string | null;
  /** The model that answered last. */
  readonly model: string | null;
  /** Versions 2.0 to 2.1.42 logged output when it began to stream: the output and its cost are too low. */
  readonly isOutputUnderReported: boolean;
  /** Session ids of messages, with how many carry each; of other records where no message came. */
  readonly sessionIds: Readonly<Record<string, number>>;
  readonly otherSessionId: string | null;
  readonly agentId: string | null;
  readonly forkedFrom: string | null;
  readonly continuedIn: string | null;
  /** The leaf that the last `last-prompt` names, and the last chained record of the main chain. */
  readonly promptLeafUuid: string | null;
  readonly lastUuid: string | null;
  /** Line number, from 1, of the last compaction's boundary. */
  readonly compactBoundaryLine: number | null;
  /** Records with a time or a number that cannot be, which was left out. */
  readonly implausible: number;
  /** Responses without a request id that the next lines may belong to. */
  readonly openResponses: readonly OpenResponse[];
}

export interface FoldedChunk {
  readonly facts: TranscriptFacts;
  readonly responses: ReadonlyMap<string, ResponseRecord>;
}

type Draft = { -readonly [K in keyof TranscriptFacts]: TranscriptFacts[K] };

const MAX_OPEN_SUMMARIES = 64;
/** Types and session ids that are counted; a file with more is not from Claude Code. */
const MAX_NAMES = 200;
const MAX_PROMPT_CHARACTERS = 200;

export const emptyFacts: TranscriptFacts = {
  lines: 0,
  malformed: 0,
  recovered: 0,
  byType: {},
  titles: {},
  openSummaries: [],
  tags: [],
  cwd: null,
  gitBranch: null,
  firstAtMs: null,
  lastAtMs: null,
  messageCount: 0,
  sideMessageCount: 0,
  numTurns: 0,
  toolCallCount: 0,
  errorCount: 0,
  firstPrompt: null,
  model: null,
  isOutputUnderReported: false,
  sessionIds: {},
  otherSessionId: null,
  agentId: null,
  forkedFrom: null,
  continuedIn: null,
  promptLeafUuid: null,
  lastUuid: null,
  compactBoundaryLine: null,
  implausible: 0,
  openResponses: [],
};

/** What a session is called after its transcript: its title, or what was typed first. */
export const nameOf = (facts: TranscriptFacts): string | undefined =>
  titleOf(facts) ?? (facts.firstPrompt === null ? undefined : plainTitle(facts.firstPrompt));

/**
 * Whether a record of this uuid came before: rows are written again when a session is resumed, and count
 * once. It is asked once for each record that counts, and remembers it.
 */
export type IsCopy = (uuid: string) => boolean;

/** Remembers every uuid, so for one pass over a file only. */
export const copiesInOnePass = (): IsCopy => {
  const seen = new Set<string>();
  return (uuid) => seen.size === seen.add(uuid).size;
};

/** A line without its newline, or what was read in it. */
export type TranscriptLine = Uint8Array | string | ReadLine;

/**
 * The facts after some more lines, and the responses on these lines.
 *
 * @param isCopy default: only copies within these lines are noticed.
 */
export const foldChunk = (
  before: TranscriptFacts,
  lines: readonly TranscriptLine[],
  table?: PriceTable,
  isCopy: IsCopy = copiesInOnePass(),
): FoldedChunk => {
  const draft: Draft = {
    ...emptyFacts, // what an older version stored lacks some
    ...before,
    byType: { ...before.byType },
    sessionIds: { ...before.sessionIds },
  };
  const responses = new Map<string, ResponseRecord>();
  for (const line of lines) foldLine(draft, line, responses, table, isCopy);
  return { facts: draft, responses };
};

/**
 * The title of highest rank; undefined when the transcript has none. Old files begin with summaries
 * of other sessions: one whose record was not here is believed only if it is the only one.
 */
export const titleOf = ({ titles, openSummaries }: TranscriptFacts): string | undefined =>
  titles.custom ??
  titles.ai ??
  titles.summary ??
  (openSummaries.length === 1 ? openSummaries[0]?.text : undefined);

const foldLine = (
  draft: Draft,
  line: TranscriptLine,
  responses: Map<string, ResponseRecord>,
  table: PriceTable | undefined,
  isCopy: IsCopy,
): void => {
  draft.lines += 1;
  const read = typeof line === 'object' && 'kind' in line ? line : readLine(line);
  if (read.kind === 'malformed') draft.malformed += 1;
  if (read.kind !== 'objects') return;
  if (read.isRecovered) draft.recovered += 1;
  for (const object of read.objects) {
    const facts = describeLine(object);
    foldRecord(draft, facts);
    if (isCounted(facts, isCopy)) foldCounts(draft, facts, object);
    const { open, key } = follow(draft.openResponses, facts);
    draft.openResponses = open;
    const record = responseRecord(facts, table);
    if (key === undefined || record === undefined) continue;
    responses.set(key, mergeResponse(responses.get(key), record).record);
  }
};

const foldRecord = (draft: Draft, line: LineFacts): void => {
  draft.byType = count(draft.byType, line.type === '' ? 'none' : line.type);
  foldNames(draft, line);
  foldSession(draft, line);
  if (line.isChained) foldChained(draft, line);
  if (line.isImplausible) draft.implausible += 1;
  if (line.isCompactBoundary && !line.isSidechain) draft.compactBoundaryLine = draft.lines;
  if (line.response !== undefined && isUnderReporting(line.version))
    draft.isOutputUnderReported = true;
};

const foldNames = (draft: Draft, line: LineFacts): void => {
  if (line.title !== undefined) foldTitle(draft, line.title);
  if (line.tag !== undefined) draft.tags = line.tag === '' ? [] : [line.tag];
  draft.promptLeafUuid = line.promptLeafUuid ?? draft.promptLeafUuid;
};

/** A summary belongs to this session when its record is in this file, before it or after. */
const foldTitle = (draft: Draft, title: TitleFact): void => {
  if (
    title.source !== 'summary' ||
    title.leafUuid === undefined ||
    title.leafUuid === draft.lastUuid
  )
    draft.titles = { ...draft.titles, [title.source]: title.text };
  else
    draft.openSummaries = [
      ...draft.openSummaries.filter((open) => open.leafUuid !== title.leafUuid),
      { leafUuid: title.leafUuid, text: title.text },
    ].slice(-MAX_OPEN_SUMMARIES);
};

const foldSession = (draft: Draft, line: LineFacts): void => {
  if (line.sessionId !== undefined) {
    if (line.isMessage) draft.sessionIds = count(draft.sessionIds, line.sessionId);
    else draft.otherSessionId ??= line.sessionId;
  }
  draft.forkedFrom ??= line.forkedFrom ?? null;
  if (line.continuedIn !== undefined) draft.continuedIn = line.continuedIn;
  else if (line.isMessage) draft.continuedIn = null;
};

const foldChained = (draft: Draft, line: LineFacts): void => {
  draft.cwd ??= line.cwd ?? null;
  draft.gitBranch = line.gitBranch ?? draft.gitBranch;
  if (line.atMs !== undefined) {
    draft.firstAtMs = Math.min(draft.firstAtMs ?? line.atMs, line.atMs);
    draft.lastAtMs = Math.max(draft.lastAtMs ?? line.atMs, line.atMs);
  }
  if (!line.isSidechain && line.uuid !== undefined) draft.lastUuid = line.uuid;
  const summary = draft.openSummaries.find((open) => open.leafUuid === line.uuid);
  if (summary !== undefined) draft.titles = { ...draft.titles, summary: summary.text };
};

/** A record without a uuid cannot be known again. */
const isCounted = (line: LineFacts, isCopy: IsCopy): boolean =>
  isCountable(line) && (line.uuid === undefined || !isCopy(line.uuid));

const isCountable = (line: LineFacts): boolean => line.isMessage || line.isError;

/** What `foldChunk` asks `isCopy` about these lines, so that it can be looked up before. */
export const uuidsIn = (lines: readonly ReadLine[]): readonly string[] =>
  lines.flatMap((line) =>
    line.kind !== 'objects'
      ? []
      : line.objects.flatMap((object) => {
          const facts = describeLine(object);
          return isCountable(facts) && facts.uuid !== undefined ? [facts.uuid] : [];
        }),
  );

const foldCounts = (draft: Draft, line: LineFacts, object: RawLine): void => {
  if (line.isMessage) foldMessage(draft, line);
  if (line.isError) draft.errorCount += 1;
  if (line.isTypedPrompt) foldPrompt(draft, object);
};

const foldMessage = (draft: Draft, line: LineFacts): void => {
  if (line.isSidechain) {
    draft.sideMessageCount += 1;
    draft.agentId ??= line.agentId ?? null;
  } else draft.messageCount += 1;
  draft.toolCallCount += line.toolUseCount;
  draft.toolsUsed = withTools(draft.toolsUsed, line.toolsUsed);
  const isMainModel = !line.isSidechain || draft.messageCount === 0;
  if (line.response !== undefined && isMainModel) draft.model = line.response.model;
};

const foldPrompt = (draft: Draft, line: RawLine): void => {
  draft.numTurns += 1;
  const words = promptWords(line);
  draft.firstPrompt ??=
    words === undefined ? null : [...words].slice(0, MAX_PROMPT_CHARACTERS).join('');
};

const count = (
  counts: Readonly<Record<string, number>>,
  name: string,
): Readonly<Record<string, number>> => {
  const plain = name === '__proto__' ? '(__proto__)' : name; // no store takes such a field
  const isKnown = Object.hasOwn(counts, plain);
  if (!isKnown && Object.keys(counts).length >= MAX_NAMES) return counts;
  return { ...counts, [plain]: (isKnown ? (counts[plain] ?? 0) : 0) + 1 };
};

const isUnderReporting = (version: string | undefined): boolean => {
  const [major = 0, minor = 0, patch = 0] = (version ?? '').split('.').map(Number);
  return major === 2 && (minor === 0 || (minor === 1 && patch <= 42));
};
