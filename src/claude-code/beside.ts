/**
 * Records that hang beside the chain and were read all the same: parallel tool uses branch off one
 * another, each with its result, and with what skills and hooks put in behind that result. Only one of
 * the branches is the chain.
 *
 * 1. Beside are the records of a response that is on the chain, the results of its uses that the chain
 *    does not have, and what hangs on either and says something for the client.
 * 2. A branch on which somebody spoke is another way that the conversation took, and stays out.
 * 3. They stand where the file has them, but before the next response.
 */
import { answeredUses, type ChainLine } from './chain-line.ts';
import type { Parents } from './links.ts';
import { type RawBlock, text } from './raw-line.ts';

export const beside = (
  chain: readonly ChainLine[],
  lines: readonly ChainLine[],
  parents: Parents,
  responses: readonly (string | undefined)[],
): readonly ChainLine[] => {
  const positions = new Map(chain.map((line, position) => [line.index, position]));
  const found = new Finder(chain, lines, parents, responses, positions).run();
  if (found.size === 0) return chain;
  return merged(chain, found, lines, responses);
};

/** Records beside the chain, by index: the place on the chain that each belongs to. */
type Found = ReadonlyMap<number, number>;

class Finder {
  readonly #chain: readonly ChainLine[];
  readonly #lines: readonly ChainLine[];
  readonly #parents: Parents;
  readonly #responses: readonly (string | undefined)[];
  readonly #positions: ReadonlyMap<number, number>;
  readonly #uuids: ReadonlySet<string>;
  readonly #found = new Map<number, number>();
  /** First place on the chain of each response. */
  readonly #responseAt = new Map<string, number>();
  readonly #waiting = new WaitingUses();
  /** Places on the chain at which something may hang. */
  readonly #holders = new Set<number>();

  constructor(
    chain: readonly ChainLine[],
    lines: readonly ChainLine[],
    parents: Parents,
    responses: readonly (string | undefined)[],
    positions: ReadonlyMap<number, number>,
  ) {
    this.#chain = chain;
    this.#lines = lines;
    this.#parents = parents;
    this.#responses = responses;
    this.#positions = positions;
    this.#uuids = new Set(chain.map(({ uuid }) => uuid));
  }

  run(): Found {
    for (const [position, line] of this.#chain.entries()) {
      const response = this.#responses[line.index];
      if (response !== undefined && !this.#responseAt.has(response))
        this.#responseAt.set(response, position);
      if (line.kind === 'assistant' || answeredUses(line).length > 0) this.#holders.add(line.index);
    }
    this.#collectUses();
    for (const line of this.#lines) {
      const at = this.#isElsewhere(line) ? this.#placeOf(line) : undefined;
      if (at !== undefined) this.#found.set(line.index, at);
    }
    this.#leaveOtherWays();
    return this.#found;
  }

  #collectUses(): void {
    for (const line of this.#lines) {
      const at = this.#responseAt.get(this.#responses[line.index] ?? '');
      if (at === undefined) continue;
      for (const block of line.said)
        if (block.type === 'tool_use') this.#waiting.add(block, at, line.index);
    }
    for (const line of this.#chain)
      for (const use of answeredUses(line)) this.#waiting.take(use, line.index);
  }

  /** Not on the chain, and no copy of what is. */
  #isElsewhere(line: ChainLine): boolean {
    return !this.#positions.has(line.index) && !this.#uuids.has(line.uuid);
  }

  #placeOf(line: ChainLine): number | undefined {
    if (line.kind === 'assistant') return this.#responseAt.get(this.#responses[line.index] ?? '');
    const uses = answeredUses(line);
    if (uses.length > 0) return this.#placeOfUses(uses, line.index);
    if (line.isProgress || line.boundary !== undefined) return undefined;
    return line.kind === 'link' || line.isMeta ? this.#placeOfParent(line) : undefined;
  }

  #placeOfUses(uses: readonly string[], index: number): number | undefined {
    const places = uses.map((use) => this.#waiting.take(use, index));
    return places.find((at) => at !== undefined);
  }

  /** Words from the queue may hang on any record of the chain, all else on answers and results. */
  #placeOfParent({ index, uuid }: ChainLine): number | undefined {
    const parent = this.#parents[index];
    if (parent === undefined) return undefined;
    const isFromQueue = uuid.startsWith('queue-operation ');
    return (
      this.#found.get(parent) ??
      (this.#holders.has(parent) || isFromQueue ? this.#positions.get(parent) : undefined)
    );
  }

  #leaveOtherWays(): void {
    for (const line of this.#lines) {
      if (!line.isTalk || !this.#isElsewhere(line) || this.#found.has(line.index)) continue;
      let at = this.#parents[line.index];
      while (at !== undefined && this.#isPassage(at)) {
        this.#found.delete(at);
        at = this.#parents[at];
      }
    }
  }

  /** Whether a branch on which somebody spoke leads through here. */
  #isPassage(index: number): boolean {
    const line = this.#lines[index];
    const isOfChain = line?.kind === 'assistant' || (line && answeredUses(line).length > 0);
    return this.#found.has(index) && isOfChain !== true;
  }
}

/** A use, by its place on the chain and that of its record in the file. */
interface WaitingUse {
  readonly at: number;
  readonly index: number;
  readonly block: RawBlock;
}

/** The uses of the chain's responses that no result was found for yet. Several may have one id. */
class WaitingUses {
  /** In file order. */
  readonly #byId = new Map<string, WaitingUse[]>();
  readonly #byPlace = new Map<string, WaitingUse[]>();

  /** In file order. A block that came again under another uuid waits once. */
  add(block: RawBlock, at: number, index: number): void {
    const id = text(block.id);
    if (id === undefined) return;
    const use = { at, index, block };
    const here = listed(this.#byPlace, `${at} ${id}`);
    if (here.some((other) => isCopy(use, other))) return;
    here.push(use);
    listed(this.#byId, id).push(use);
  }

  /** Where the use stands that a record answers: the last one of that id before it in the file. */
  take(id: string, index: number): number | undefined {
    const uses = this.#byId.get(id) ?? [];
    let after = 0;
    for (let end = uses.length; after < end; ) {
      const middle = (after + end) >> 1;
      if ((uses[middle]?.index ?? index) < index) after = middle + 1;
      else end = middle;
    }
    return uses.splice(Math.max(after - 1, 0), 1)[0]?.at;
  }
}

const isCopy = (use: WaitingUse, other: WaitingUse): boolean =>
  use.index !== other.index && JSON.stringify(use.block) === JSON.stringify(other.block);

const listed = <Item>(lists: Map<string, Item[]>, key: string): Item[] => {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
};

const merged = (
  chain: readonly ChainLine[],
  found: Found,
  lines: readonly ChainLine[],
  responses: readonly (string | undefined)[],
): readonly ChainLine[] => {
  const ends = endsOf(chain, responses);
  const after = new Map<number, ChainLine[]>();
  for (const [index, at] of found) {
    let position = (ends[at] ?? chain.length) - 1;
    while (position > at && (chain[position]?.index ?? 0) > index) position -= 1;
    const line = lines[index];
    if (line === undefined) continue;
    const others = after.get(position);
    if (others === undefined) after.set(position, [line]);
    else others.push(line);
  }
  return chain.flatMap((line, position) => [line, ...(after.get(position) ?? [])]);
};

/** By position: where the next response begins. */
const endsOf = (
  chain: readonly ChainLine[],
  responses: readonly (string | undefined)[],
): readonly number[] => {
  const starts: number[] = [];
  let current: string | undefined;
  const begun = chain.map((line, position) => {
    const response = responses[line.index];
    if (response !== undefined && response !== current) starts.push(position);
    current = response ?? current;
    return starts.length;
  });
  return begun.map((count) => starts[count] ?? chain.length);
};
