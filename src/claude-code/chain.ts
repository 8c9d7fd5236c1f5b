/**
 * The active conversation of a transcript: the chain of records from its last leaf back to the last
 * compaction, or to the beginning, with what hangs beside it.
 *
 * 1. The chain runs through records of every kind: progress, attachments and notices are links.
 * 2. What people and the model say decides where the conversation stands; records that are written
 *    late, and progress above all, never do.
 * 3. What stands on no chain but was read all the same is put in: see `beside.ts`.
 */
import { beside } from './beside.ts';
import { type ChainLine, chainLine, queuedLine } from './chain-line.ts';
import { chainTo, linksOf, type Parents } from './links.ts';
import { isQueueOperation, Queue, type TakenIn, wordsOf } from './queue.ts';
import { type RawLine, text } from './raw-line.ts';
import { Replays } from './replays.ts';
import { responsesOf } from './responses.ts';

/** What the model has seen, in order. */
export interface SeenLine extends ChainLine {
  /** Which response an assistant record is part of. */
  readonly response: string;
}

/** @param records of one file, in file order: the main chain, or the sub-agent's in a sub-agent's file. */
export const seenLines = (records: Iterable<RawLine>): readonly SeenLine[] => {
  const { lines, pointer } = readTranscript(records);
  const links = linksOf(lines);
  const { parents } = links;
  const chain = chainTo(lines, links, leafOf(lines, parents, pointer));
  const responses = responsesOf(lines, parents);
  return beside(chain, lines, parents, responses).map((line) => ({
    ...line,
    response: responses[line.index] ?? '',
  }));
};

interface Pointer {
  readonly uuid: string;
  /** How many records of the chain stand before it. */
  readonly at: number;
}

interface Transcript {
  readonly lines: readonly ChainLine[];
  readonly pointer: Pointer | undefined;
}

const readTranscript = (records: Iterable<RawLine>): Transcript => {
  const main = new Side();
  const side = new Side();
  for (const record of records) (record.isSidechain === true ? side : main).take(record);
  return (main.hasTalk ? main : side).transcript;
};

/** The records of the main chain, or those of sub-agents. */
class Side {
  readonly #lines: ChainLine[] = [];
  readonly #queue = new Queue();
  readonly #replays = new Replays();
  readonly #takenIn: { readonly index: number; readonly since: number }[] = [];
  /** Where words that may have waited in the queue have a record of their own. */
  readonly #told = new Map<string, number[]>();
  #pointer: Pointer | undefined;
  hasTalk = false;

  take(record: RawLine): void {
    if (isQueueOperation(record)) return this.#takeIn(this.#queue.take(record, this.#lines.length));
    const leafUuid = record.type === 'last-prompt' ? text(record.leafUuid) : undefined;
    if (leafUuid !== undefined) this.#pointer = { uuid: leafUuid, at: this.#lines.length };
    const written = chainLine(record, this.#lines.length);
    if (written === undefined) return;
    const line = this.#replays.marked(written);
    this.#lines.push(line);
    this.hasTalk ||= line.kind !== 'link';
    if (!line.isTalk || line.kind === 'assistant') return;
    const words = wordsOf(line.said);
    const records = this.#told.get(words);
    if (records === undefined) this.#told.set(words, [line.index]);
    else records.push(line.index);
  }

  #takeIn(words: TakenIn | undefined): void {
    const before = this.#lines.findLast((line) => line.isTalk);
    if (words === undefined || before === undefined) return;
    const index = this.#lines.length;
    this.#lines.push(queuedLine(words.said, before, index));
    this.#takenIn.push({ index, since: words.since });
  }

  get transcript(): Transcript {
    for (const { index, since } of this.#takenIn) {
      const line = this.#lines[index];
      const records = this.#told.get(wordsOf(line?.said ?? [])) ?? [];
      const own = records.findIndex((at) => at >= since);
      if (line === undefined || own === -1) continue;
      records.splice(own, 1);
      this.#lines[index] = { ...line, said: [] };
    }
    return { lines: this.#lines, pointer: this.#pointer };
  }
}

/**
 * A `last-prompt` says where the conversation stands, unless somebody spoke after it. Links that hang
 * on what was said last belong to it.
 */
const leafOf = (
  lines: readonly ChainLine[],
  parents: Parents,
  pointer: Pointer | undefined,
): number | undefined => {
  const last = lines.findLastIndex((line) => line.isTalk);
  const pointed = lines.findLastIndex((line) => line.uuid === pointer?.uuid);
  const isLastWord = pointer !== undefined && pointer.at > last && pointed !== -1;
  let leaf = isLastWord ? pointed : last;
  if (leaf === -1) return undefined;
  const reached = new Set([leaf]);
  for (const { index, isTalk, isProgress } of lines.slice(leaf + 1)) {
    if (isTalk || isProgress || !reached.has(parents[index] ?? -1)) continue;
    reached.add(index);
    leaf = index;
  }
  return leaf;
};
