/**
 * Which record each record follows. Decided for all of them before any chain is walked.
 *
 * 1. A parent is the nearest earlier record of its uuid, for one uuid may stand on several lines; a
 *    later one only if there is no earlier.
 * 2. A parent that is not there, or cannot be (a record that follows itself), is a missing link: the
 *    chain goes on at the record before.
 * 3. A compaction keeps records from before its boundary: the first of them follows the summary, and
 *    what followed the summary follows the last.
 * 4. A process that compacts a second time lets the next record follow one that it wrote before the
 *    boundary. Such a parent says nothing and is no message, or stands among copies; a person who
 *    rewinds goes back to a message.
 */
import type { Boundary, ChainLine } from './chain-line.ts';

/** By a record's index: that of its parent; undefined for the first of a chain. */
export type Parents = readonly (number | undefined)[];

export const parentsOf = (lines: readonly ChainLine[]): Parents => {
  const places = new Places(lines);
  const parents = lines.map((line) => places.parentOf(line));
  const boundaries = lines.filter((line) => line.boundary !== undefined);
  for (const [n, boundary] of boundaries.entries())
    new Relinking(places, parents, boundary, boundaries[n + 1]?.index ?? lines.length).run();
  return parents;
};

/** From the last compaction, or the root, to the record of that index. */
export const chainTo = (
  lines: readonly ChainLine[],
  parents: Parents,
  leaf: number | undefined,
): readonly ChainLine[] => {
  const seen = new Set<number>();
  let at = leaf;
  while (at !== undefined && !seen.has(at)) {
    seen.add(at);
    if (lines[at]?.boundary !== undefined) break;
    const parent = parents[at];
    // It follows one that follows it: no such link.
    at = parent !== undefined && seen.has(parent) ? recordBefore(lines, at) : parent;
  }
  return [...seen].reverse().flatMap((index) => lines[index] ?? []);
};

const recordBefore = (lines: readonly ChainLine[], index: number): number | undefined => {
  let at = index - 1;
  while (lines[at]?.isProgress === true) at -= 1;
  return at < 0 ? undefined : at;
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

  parentOf(line: ChainLine): number | undefined {
    if (line.parentUuid === null) return undefined;
    const uuid = line.parentUuid ?? '';
    return (
      this.before(uuid, line.index) ?? this.after(uuid, line.index) ?? this.previous(line.index)
    );
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

  previous(index: number): number | undefined {
    return recordBefore(this.lines, index);
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
  readonly #boundary: ChainLine;
  readonly #end: number;

  constructor(places: Places, parents: (number | undefined)[], boundary: ChainLine, end: number) {
    this.#places = places;
    this.#parents = parents;
    this.#boundary = boundary;
    this.#end = end;
  }

  run(): void {
    const kept = this.#kept();
    const isKept = new Set(kept);
    for (let index = this.#boundary.index + 1; index < this.#end; index += 1)
      if (this.#isStale(index, isKept)) this.#parents[index] = this.#places.previous(index);
    const tail = kept.at(-1);
    if (tail === undefined) return;
    const anchor = this.#anchor(isKept);
    for (let index = this.#boundary.index + 1; index < this.#end; index += 1)
      if (this.#parents[index] === anchor && !isKept.has(index)) this.#parents[index] = tail;
    for (const [n, index] of kept.entries()) this.#parents[index] = kept[n - 1] ?? anchor;
    this.#freeAnchor(anchor, isKept);
  }

  #isStale(index: number, isKept: ReadonlySet<number>): boolean {
    const parent = this.#parents[index];
    if (parent === undefined || parent >= this.#boundary.index || isKept.has(parent)) return false;
    return this.#places.lines[parent]?.kind === 'link' || this.#places.isCopied(parent);
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
    while (at !== undefined && !found.has(at) && at !== this.#boundary.index) {
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
