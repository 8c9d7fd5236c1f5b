/**
 * Where a compaction in a turn ends. Pure.
 *
 * 1. A use of a tool and its result stay on one side.
 * 2. Prompts of turns that go on behind the cut stay in view, whatever is summed up around them: the last message of
 *    the user above all.
 * 3. What is summed up at once fits into one request. Where it does not, a first part of it is, and the rest has its turn.
 * 4. The newest messages stay as they are, up to a part of the window: from a whole turn on, if that is possible.
 */
import { isToolUse } from '../../claude-code/api-blocks.ts';
import type { Entry, ImportedEntry, MessageEntry, View } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import { decodeMessage } from '../context/model-message.ts';
import { weightOf } from '../context/weight.ts';
import { TurnSpans } from './turn-spans.ts';

export interface Cut {
  /** The last entry that the summary stands for. */
  readonly throughSeq: number;
  /** Entries up to there that stay in view. */
  readonly keptSeqs: readonly number[];
}

/** All in bytes, as `weightOf` counts them. */
export interface CutSizes {
  /** What may stay behind the cut. */
  readonly kept: number;
  /** What one request may hold. */
  readonly chunk: number;
  /** Less is not worth a summary. */
  readonly least: number;
}

/** A place where the messages may be cut. */
interface Place {
  readonly seq: number;
  /** Bytes up to it, what is kept not counted, and behind it. */
  readonly before: number;
  readonly behind: number;
  readonly isClean: boolean;
}

/**
 * @param entries what the model sees now, in order of `seq`, or the beginning of that.
 * @param isWhole it is all.
 * @returns undefined: nothing is worth being summed up.
 */
export const chooseCut = (
  entries: readonly Entry[],
  isWhole: boolean,
  head: Head,
  sizes: CutSizes,
): Cut | undefined => {
  const spans = new TurnSpans(head);
  for (const entry of entries) spans.add(entry);
  const places = placesIn(entries, isWhole, head, spans).filter(
    ({ before }) => before >= sizes.least,
  );
  const place = isWhole ? behindEnough(places, sizes) : undefined;
  const chosen =
    place !== undefined && place.before <= sizes.chunk ? place : lastThatFits(places, sizes);
  if (chosen === undefined) return undefined;
  return { throughSeq: chosen.seq, keptSeqs: spans.promptsOver(chosen.seq) };
};

/** The first with little enough behind it: a clean one, if it leaves half as much; else with the last step behind it. */
const behindEnough = (places: readonly Place[], { kept }: CutSizes): Place | undefined => {
  const fitting = places.filter(({ behind }) => behind <= kept && behind > 0);
  const clean = fitting.find(({ isClean, behind }) => isClean && behind >= kept / 2);
  const roomy = places.findLast(({ behind }) => behind <= 2 * kept && behind > 0);
  return clean ?? fitting[0] ?? roomy ?? places.at(-1);
};

/** Where nothing fits, the least: its messages are shortened for the request. */
const lastThatFits = (places: readonly Place[], { chunk }: CutSizes): Place | undefined => {
  const fitting = places.filter(({ before }) => before <= chunk);
  const clean = fitting.findLast(({ isClean, before }) => isClean && before >= chunk / 2);
  return clean ?? fitting.at(-1) ?? places[0];
};

const placesIn = (
  entries: readonly Entry[],
  isWhole: boolean,
  { openTurns }: Head,
  spans: TurnSpans,
): readonly Place[] => {
  const open = new Set(openTurns.map(({ seq }) => seq));
  const taken = rollbacksIn(entries);
  const weights = entries.map((entry) => (open.has(entry.seq) ? 0 : weightIn(entry, taken)));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const owed = new OwedResults();
  const { beginnings, ends } = spans.edges();
  const places: Place[] = [];
  let before = 0;
  /** Turns under way that are over by now. */
  let reaching = 0;
  for (const [at, entry] of entries.entries()) {
    const { seq } = entry;
    before += weights[at] ?? 0;
    owed.see(entry);
    if (open.has(seq)) continue;
    if (beginnings.has(seq)) reaching += 1;
    if (ends.has(seq)) reaching -= 1;
    if (entry.kind === 'view' || owed.size > 0) continue;
    if (!isWhole && at === entries.length - 1) continue; // what follows may belong to it
    if (beginnings.has(seq)) continue; // it would be kept: one before is the same
    places.push({ seq, before, behind: all - before, isClean: reaching === 0 });
  }
  return places;
};

type Rollback = Extract<View, { type: 'rollback' }>;

const rollbacksIn = (entries: readonly Entry[]): readonly Rollback[] =>
  entries.flatMap((entry) =>
    entry.kind === 'view' && entry.view.type === 'rollback' ? [entry.view] : [],
  );

/** Nothing of what the model does not see. */
const weightIn = (entry: Entry, taken: readonly Rollback[]): number => {
  if (entry.kind === 'view') return 0;
  if (entry.kind === 'message') {
    const { seq, turnId, isPartial } = entry;
    const isTaken = taken.some(
      (each) => each.turnId === turnId && each.fromSeq <= seq && seq <= each.throughSeq,
    );
    if (isPartial === true || isTaken) return 0;
  }
  return weightOf(entry.body);
};

const USE = /"type":"tool_use","id":"([^"]+)"|"id":"([^"]+)","type":"tool_use"/g;
const RESULT = /"tool_use_id":"([^"]+)"/g;

/** Uses of tools that wait for their results. */
export class OwedResults {
  readonly #ids = new Set<string>();

  get size(): number {
    return this.#ids.size;
  }

  see(entry: Entry): void {
    if (entry.kind === 'view' || (entry.kind === 'message' && entry.isPartial === true)) return;
    const bytes = Buffer.from(entry.body.buffer, entry.body.byteOffset, entry.body.byteLength);
    const isAnswer = entry.kind === 'message' && entry.role === 'assistant';
    if (isAnswer) this.#ids.clear(); // what is not answered by then never is
    if (bytes.includes('"tool_use"')) for (const id of usesIn(entry)) this.#ids.add(id);
    if (!isAnswer && bytes.includes('"tool_use_id"'))
      for (const [, id] of bytes.toString().matchAll(RESULT)) this.#ids.delete(id ?? '');
  }
}

/** Lines of others are as long as they like, and are not parsed here. */
const usesIn = (entry: MessageEntry | ImportedEntry): readonly string[] =>
  entry.kind === 'message'
    ? decodeMessage(entry.body).content.flatMap((block) => (isToolUse(block) ? [block.id] : []))
    : [...Buffer.from(entry.body).toString().matchAll(USE)].map(
        ([, one, other]) => one ?? other ?? '',
      );
