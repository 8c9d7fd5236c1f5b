/**
 * A record as a link of the conversation: its place in the tree of records, and what it says to the
 * model. Kinds that say nothing are links all the same: the chain runs through them.
 */
import { attached } from './attachments.ts';
import { isCompactBoundary, isUnsaid } from './describe-line.ts';
import { blocksOf, isObject, messageOf, type RawBlock, type RawLine, text } from './raw-line.ts';

export interface ChainLine {
  /** Place among the chained records of the file. */
  readonly index: number;
  readonly uuid: string;
  readonly parentUuid: string | null | undefined;
  readonly kind: 'user' | 'assistant' | 'link';
  /** What the model is shown of it; nothing of what is for people only. */
  readonly said: readonly RawBlock[];
  /** Of an assistant record: its message and request. */
  readonly messageId: string | undefined;
  readonly requestId: string | undefined;
  readonly model: string | undefined;
  /** Put in by the client in the user's place: the model reads it, lists for people leave it out. */
  readonly isMeta: boolean;
  /** Told while a tool or hook ran, often later than what follows it: decides nothing. */
  readonly isProgress: boolean;
  /** Whether the conversation has come this far: what people and the model say, also from the queue. */
  readonly isTalk: boolean;
  /** Written once more behind a compaction that came after it: see `replays.ts`. */
  readonly isReplay: boolean;
  readonly boundary: Boundary | undefined;
}

/** What a compaction's boundary says of the records that it keeps behind its summary. */
export interface Boundary {
  readonly anchorUuid: string | undefined;
  readonly keptUuids: readonly string[];
  readonly headUuid: string | undefined;
  readonly tailUuid: string | undefined;
}

/** undefined: a side-car, which is in no chain. */
export const chainLine = (record: RawLine, index: number): ChainLine | undefined => {
  const uuid = text(record.uuid);
  const kind = kindOf(record);
  if (uuid === undefined || (kind === 'link' && record.parentUuid === undefined)) return undefined;
  const message = kind === 'assistant' ? messageOf(record) : {};
  return {
    index,
    uuid,
    parentUuid: record.parentUuid === null ? null : text(record.parentUuid),
    kind,
    said: saidBy(record, kind),
    messageId: text(message.id),
    requestId: text(record.requestId),
    model: text(message.model),
    isMeta: record.isMeta === true,
    isProgress: record.type === 'progress',
    isTalk: kind !== 'link' || isQueued(record),
    isReplay: false,
    boundary: isCompactBoundary(record) ? boundaryOf(record.compactMetadata) : undefined,
  };
};

/** Words from the queue of which no record of the tree tells; they follow the record before them. */
export const queuedLine = (
  said: readonly RawBlock[],
  before: ChainLine,
  index: number,
): ChainLine => ({
  index,
  uuid: `queue-operation ${index}`,
  parentUuid: before.uuid,
  kind: 'link',
  said,
  messageId: undefined,
  requestId: undefined,
  model: undefined,
  isMeta: false,
  isProgress: false,
  isTalk: false,
  isReplay: false,
  boundary: undefined,
});

/** The tool uses that a user record answers. */
export const answeredUses = (line: ChainLine): readonly string[] =>
  line.kind !== 'user'
    ? []
    : line.said.flatMap((block) =>
        block.type === 'tool_result' ? (text(block.tool_use_id) ?? []) : [],
      );

const kindOf = (record: RawLine): ChainLine['kind'] =>
  record.type === 'user' || record.type === 'assistant' ? record.type : 'link';

const saidBy = (record: RawLine, kind: ChainLine['kind']): readonly RawBlock[] => {
  switch (kind) {
    case 'assistant':
      return isUnsaid(record) ? [] : blocksOf(messageOf(record).content);
    case 'user':
      return isForPeople(record) ? [] : blocksOf(messageOf(record).content);
    case 'link':
      if (record.type === 'attachment') return attached(record.attachment);
      return isLocalCommand(record) ? blocksOf(record.content) : [];
  }
};

/** A compaction's summary is marked as for the transcript only; the model sees it all the same. */
const isForPeople = (record: RawLine): boolean =>
  record.isVisibleInTranscriptOnly === true && record.isCompactSummary !== true;

/** A command that ran without the model, and its output: later requests have it as the user's words. */
const isLocalCommand = (record: RawLine): boolean =>
  record.type === 'system' && record.subtype === 'local_command';

const isQueued = (record: RawLine): boolean => {
  const attachment: { readonly type?: unknown } = isObject(record.attachment)
    ? record.attachment
    : {};
  return record.type === 'attachment' && attachment.type === 'queued_command';
};

const boundaryOf = (metadata: unknown): Boundary => {
  const { preservedSegment, preservedMessages }: KeptFields = isObject(metadata) ? metadata : {};
  const segment: SegmentFields = isObject(preservedSegment) ? preservedSegment : {};
  const messages: SegmentFields = isObject(preservedMessages) ? preservedMessages : {};
  const uuids = [messages.allUuids, messages.uuids].find(Array.isArray) ?? [];
  return {
    anchorUuid: text(messages.anchorUuid) ?? text(segment.anchorUuid),
    keptUuids: uuids.flatMap((uuid: unknown) => text(uuid) ?? []),
    headUuid: text(segment.headUuid),
    tailUuid: text(segment.tailUuid),
  };
};

interface KeptFields {
  readonly preservedSegment?: unknown;
  readonly preservedMessages?: unknown;
}

interface SegmentFields {
  readonly anchorUuid?: unknown;
  readonly uuids?: unknown;
  readonly allUuids?: unknown;
  readonly headUuid?: unknown;
  readonly tailUuid?: unknown;
}
