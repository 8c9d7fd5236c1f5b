/**
 * The active conversation of a transcript: the chain of records from its last leaf back to the last
 * compaction, or to the beginning.
 *
 * 1. The chain runs through records of every kind: progress, attachments and notices are links.
 * 2. A parent that is not there (cut files, broken lines, records that a tool took out) does not end
 *    the chain: it goes on at the record before.
 * 3. A boundary of a compaction ends it. Messages that the compaction preserved are on it, between
 *    the summary and what came after.
 */
import { isCompactBoundary, isSynthetic } from './describe-line.ts';
import { isObject, messageOf, type RawLine, type RawMessage, text } from './raw-line.ts';

export interface ChainLine {
  /** Place among the chained records of the file. */
  readonly index: number;
  readonly uuid: string;
  readonly parentUuid: string | null | undefined;
  readonly kind: 'user' | 'assistant' | 'link';
  readonly message: RawMessage;
  /** Not for the model: injected by the client, or shown to people only. */
  readonly isHidden: boolean;
  /** Words that the user put in while the model worked. */
  readonly queuedPrompt: string | undefined;
  readonly boundary: Boundary | undefined;
}

interface Boundary {
  readonly anchorUuid: string | undefined;
  readonly preservedUuids: readonly string[];
  readonly headUuid: string | undefined;
  readonly tailUuid: string | undefined;
}

export interface Transcript {
  /** Chained records in file order, of the main chain; of the sub-agent in a sub-agent's file. */
  readonly lines: readonly ChainLine[];
  readonly leaf: ChainLine | undefined;
}

/** Sorts out the records of a file, given in file order. */
export const readTranscript = (records: Iterable<RawLine>): Transcript => {
  const main: ChainLine[] = [];
  const side: ChainLine[] = [];
  const pointers: { readonly uuid: string; readonly at: number }[] = [];
  for (const record of records) {
    const lines = record.isSidechain === true ? side : main;
    const leafUuid = record.type === 'last-prompt' ? text(record.leafUuid) : undefined;
    if (leafUuid !== undefined) pointers.push({ uuid: leafUuid, at: main.length });
    const line = chainLine(record, lines.length);
    if (line !== undefined) lines.push(line);
  }
  const lines = main.some((line) => line.kind !== 'link') ? main : side;
  return { lines, leaf: activeLeaf(lines, pointers) };
};

/** From the last compaction, or the root, to the leaf. */
export const activeChain = ({ lines, leaf }: Transcript): readonly ChainLine[] => {
  const byUuid = indexByUuid(lines);
  const chain: ChainLine[] = [];
  const seen = new Set<number>();
  let line = leaf;
  while (line !== undefined && !seen.has(line.index)) {
    seen.add(line.index);
    chain.push(line);
    if (line.boundary !== undefined || line.parentUuid === null) break;
    line = byUuid.get(line.parentUuid ?? '') ?? lines[line.index - 1];
  }
  return withPreserved(chain.reverse(), byUuid);
};

/**
 * A `last-prompt` says where the conversation stands, best of all at the end of a file. What was
 * written after it is newer than its word: then the last record is the leaf.
 */
const activeLeaf = (
  lines: readonly ChainLine[],
  pointers: readonly { readonly uuid: string; readonly at: number }[],
): ChainLine | undefined => {
  const byUuid = indexByUuid(lines);
  const pointer = pointers.findLast(({ uuid }) => byUuid.has(uuid));
  const isLastWord = pointer !== undefined && pointer.at >= lines.length;
  return isLastWord ? byUuid.get(pointer.uuid) : lines.at(-1);
};

const indexByUuid = (lines: readonly ChainLine[]): ReadonlyMap<string, ChainLine> =>
  new Map(lines.map((line) => [line.uuid, line]));

const chainLine = (record: RawLine, index: number): ChainLine | undefined => {
  const uuid = text(record.uuid);
  const kind = kindOf(record);
  if (uuid === undefined || (kind === 'link' && record.parentUuid === undefined)) return undefined;
  return {
    index,
    uuid,
    parentUuid: record.parentUuid === null ? null : text(record.parentUuid),
    kind,
    message: kind === 'link' ? {} : messageOf(record),
    isHidden: isHidden(record),
    queuedPrompt: queuedPrompt(record),
    boundary: isCompactBoundary(record) ? boundaryOf(record.compactMetadata) : undefined,
  };
};

const kindOf = (record: RawLine): ChainLine['kind'] =>
  record.type === 'user' || record.type === 'assistant' ? record.type : 'link';

/** The summary of a compaction is marked as for the transcript only; the model sees it all the same. */
const isHidden = (record: RawLine): boolean =>
  record.isMeta === true ||
  isSynthetic(record) ||
  (record.isVisibleInTranscriptOnly === true && record.isCompactSummary !== true);

const queuedPrompt = (record: RawLine): string | undefined => {
  if (record.type !== 'attachment' || !isObject(record.attachment)) return undefined;
  const attachment: {
    readonly type?: unknown;
    readonly commandMode?: unknown;
    readonly prompt?: unknown;
    readonly isMeta?: unknown;
  } = record.attachment;
  const isPrompt = attachment.type === 'queued_command' && attachment.commandMode === 'prompt';
  return isPrompt && attachment.isMeta !== true ? text(attachment.prompt) : undefined;
};

const boundaryOf = (metadata: unknown): Boundary => {
  const { preservedSegment, preservedMessages }: PreservedFields = isObject(metadata)
    ? metadata
    : {};
  const segment: SegmentFields = isObject(preservedSegment) ? preservedSegment : {};
  const messages: SegmentFields = isObject(preservedMessages) ? preservedMessages : {};
  const uuids = Array.isArray(messages.uuids) ? messages.uuids : [];
  return {
    anchorUuid: text(messages.anchorUuid) ?? text(segment.anchorUuid),
    preservedUuids: uuids.filter((uuid): uuid is string => typeof uuid === 'string'),
    headUuid: text(segment.headUuid),
    tailUuid: text(segment.tailUuid),
  };
};

interface PreservedFields {
  readonly preservedSegment?: unknown;
  readonly preservedMessages?: unknown;
}

interface SegmentFields {
  readonly anchorUuid?: unknown;
  readonly uuids?: unknown;
  readonly headUuid?: unknown;
  readonly tailUuid?: unknown;
}

/** Some compactions write what they preserve again behind the summary; then it is on the chain already. */
const withPreserved = (
  chain: readonly ChainLine[],
  byUuid: ReadonlyMap<string, ChainLine>,
): readonly ChainLine[] => {
  const boundary = chain[0]?.boundary;
  if (boundary === undefined) return chain;
  const onChain = new Set(chain.map((line) => line.uuid));
  const preserved = preservedLines(boundary, byUuid).filter((line) => !onChain.has(line.uuid));
  const anchor = chain.findIndex((line) => line.uuid === boundary.anchorUuid);
  const at = (anchor === -1 ? Math.min(1, chain.length - 1) : anchor) + 1;
  return [...chain.slice(0, at), ...preserved, ...chain.slice(at)];
};

const preservedLines = (
  boundary: Boundary,
  byUuid: ReadonlyMap<string, ChainLine>,
): readonly ChainLine[] => {
  const named = boundary.preservedUuids.flatMap((uuid) => byUuid.get(uuid) ?? []);
  return named.length > 0 ? named : segment(boundary, byUuid);
};

/** The records from head to tail, found backwards; none if they do not connect. */
const segment = (
  { headUuid, tailUuid }: Boundary,
  byUuid: ReadonlyMap<string, ChainLine>,
): readonly ChainLine[] => {
  const found = new Set<ChainLine>();
  let line = byUuid.get(tailUuid ?? '');
  while (line !== undefined && !found.has(line)) {
    found.add(line);
    if (line.uuid === headUuid) return [...found].reverse();
    line = byUuid.get(line.parentUuid ?? '');
  }
  return [];
};
