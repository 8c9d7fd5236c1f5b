/**
 * Which record each record follows. Decided for all of them before any chain is walked.
 *
 * 1. A parent is the nearest earlier record of its uuid, for one uuid may stand on several lines; a
 *    later one only if there is no earlier.
 * 2. A parent that is not there, or cannot be (a record that follows itself), is a missing link: the
 *    chain goes on where the conversation stood before.
 * 3. A compaction keeps records from before its boundary: the first of them follows the summary, and
 *    what followed the summary follows the last.
 * 4. A process that compacts a second time lets the next record follow one that it wrote before the
 *    boundary. Such a parent says nothing and is no message, or stands among copies, on either side of the
 *    boundary; a person who rewinds goes back to a message.
 */
import type { Boundary, ChainLine } from './chain-line.ts';

/** By a record's index: that of its parent; undefined for the first of a chain. */
export type Parents = readonly (number | undefined)[];

export interface Links {
  readonly parents: Parents;
  /** By a record's index: where the conversation stood before it. */
  readonly tips: Parents;
}

export const linksOf = (lines: readonly ChainLine[]): Links => {
  const places = new Places(lines);
  const links = written(lines, places);
  const boundaries = lines.filter((line) => line.boundary !== undefined);
  const budget = { steps: SEGMENT_STEPS * lines.length };
  for (const [n, boundary] of boundaries.entries()) {
    const end = boundaries[n + 1]?.index ?? lines.length;
    new Relinking(places, links, boundary, end, budget).run();
  }
  return links;
};

/** Most steps that are taken to find what compactions kept, per record: far more than any real one needs. */
const SEGMENT_STEPS = 16;

interface WrittenLinks extends Links {
  readonly parents: (number | undefined)[];
}

/** Links as they are written, and for those that are missing the tip: what was said last, and what hangs on it. */
const written = (lines: readonly ChainLine[], places: Places): WrittenLinks => {
  const parents: (number | undefined)[] = [];
  const tips: (number | undefined)[] = [];
  let tip: number | undefined;
  for (const line of lines) {
    const parent = line.parentUuid === null ? undefined : (places.parentOf(line) ?? tip);
    parents.push(parent);
    tips.push(tip);
    const isFirst = tip === undefined && !line.isProgress;
    const goesOn = line.isTalk || line.boundary !== undefined;
    const hangsOnTip = !line.isProgress && tip !== undefined && parent === tip;
    if (isFirst || goesOn || hangsOnTip) tip = line.index;
  }
  return { parents, tips };
};

/** From the last compaction, or the root, to the record of that index. */
export const chainTo = (
  lines: readonly ChainLine[],
  { parents, tips }: Links,
  leaf: number | undefined,
): readonly ChainLine[] => {
  const seen = new Set<number>();
  let at = leaf;
  while (at !== undefined && !seen.has(at)) {
    seen.add(at);
    if (lines[at]?.boundary !== undefined) break;
    const parent = parents[at];
    // It follows one that follows it: no such link.
    at = parent !== undefined && seen.has(parent) ? tips[at] : parent;
  }
  return [...seen].reverse().flatMap((index) => lines[index] ?? []);
};

class Places {
  readonly lines: readonly ChainLine[];
  readonly #byUuid = new Map<string, number[]>();

  constructor(lines: readonly ChainLine[]) {
    this.lines = lines;
    for (const { uuid, index } of lines) {
      const known = this.#byUuid.get(uuid);
      if (known === undefined) this.#byUuid.set(uuid, [index]);
      else known.push(index);
    }
  }

  parentOf({ parentUuid, index }: ChainLine): number | undefined {
    const uuid = parentUuid ?? '';
    return this.before(uuid, index) ?? this.after(uuid, index);
  }

  before(uuid: string, index: number): number | undefined {
    const places = this.#byUuid.get(uuid) ?? [];
    const after = firstNotBelow(places, index);
    return places[after - 1];
  }

  after(uuid: string, index: number): number | undefined {
    const places = this.#byUuid.get(uuid) ?? [];
    const at = firstNotBelow(places, index);
    return places[at] === index ? places[at + 1] : places[at];
  }

  isCopied(index: number): boolean {
    return (this.#byUuid.get(this.lines[index]?.uuid ?? '')?.length ?? 0) > 1;
  }
}

/** Where in these ascending numbers the first stands that is not below. */
const firstNotBelow = (numbers: readonly number[], bound: number): number => {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? bound) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** One boundary, and the records between it and the next. */
class Relinking {
  readonly #places: Places;
  readonly #parents: (number | undefined)[];
  readonly #tips: Parents;
  readonly #boundary: ChainLine;
  readonly #end: number;
  readonly #budget: { steps: number };

  constructor(
    places: Places,
    links: WrittenLinks,
    boundary: ChainLine,
    end: number,
    budget: { steps: number },
  ) {
    this.#budget = budget;
    this.#places = places;
    this.#parents = links.parents;
    this.#tips = links.tips;
    this.#boundary = boundary;
    this.#end = end;
  }

  run(): void {
    const kept = this.#kept();
    const isKept = new Set(kept);
    for (let index = this.#boundary.index + 1; index < this.#end; index += 1)
      if (this.#isStale(index, isKept)) this.#parents[index] = this.#tips[index];
    const tail = kept.at(-1);
    if (tail === undefined) return;
    const anchor = this.#anchor(isKept);
    for (let index = this.#boundary.index + 1; index < this.#end; index += 1)
      if (this.#parents[index] === anchor && !isKept.has(index)) this.#parents[index] = tail;
    for (const [n, index] of kept.entries()) this.#parents[index] = kept[n - 1] ?? anchor;
    this.#freeAnchor(anchor, isKept);
  }

  #isStale(index: number, isKept: ReadonlySet<number>): boolean {
    const { lines } = this.#places;
    const parent = this.#parents[index];
    if (parent === undefined || isKept.has(parent) || lines[index]?.isReplay) return false;
    if (parent >= this.#boundary.index) return lines[parent]?.isReplay === true;
    return lines[parent]?.kind === 'link' || this.#places.isCopied(parent);
  }

  /** In order; those that were written again behind the boundary count where they stand then. */
  #kept(): readonly number[] {
    const { keptUuids } = this.#boundary.boundary as Boundary;
    const named = keptUuids.flatMap((uuid) => this.#placeOf(uuid) ?? []);
    return named.length > 0 ? [...new Set(named)] : this.#segment();
  }

  /** The records from head to tail, found backwards; none if they do not connect. */
  #segment(): readonly number[] {
    const { headUuid, tailUuid } = this.#boundary.boundary as Boundary;
    const head = this.#placeOf(headUuid);
    const found = new Set<number>();
    let at = this.#placeOf(tailUuid);
    while (at !== undefined && head !== undefined && !found.has(at) && this.#budget.steps > 0) {
      this.#budget.steps -= 1;
      found.add(at);
      if (at === head) return [...found].reverse();
      at = this.#parents[at];
    }
    return [];
  }

  #placeOf(uuid: string | undefined): number | undefined {
    if (uuid === undefined) return undefined;
    const again = this.#places.after(uuid, this.#boundary.index);
    return again !== undefined && again < this.#end
      ? again
      : this.#places.before(uuid, this.#boundary.index);
  }

  /** Where the kept records go: behind the summary, which is the record that follows the boundary. */
  #anchor(isKept: ReadonlySet<number>): number {
    const { index, uuid, boundary } = this.#boundary;
    if (boundary?.anchorUuid === uuid) return index;
    const anchor = this.#placeOf(boundary?.anchorUuid) ?? index + 1;
    return anchor < this.#end && !isKept.has(anchor) ? anchor : index;
  }

  /** An anchor that stood behind what it now leads to follows the boundary. */
  #freeAnchor(anchor: number, isKept: ReadonlySet<number>): void {
    const parent = this.#parents[anchor];
    if (anchor !== this.#boundary.index && parent !== undefined && isKept.has(parent))
      this.#parents[anchor] = this.#boundary.index;
  }
}
