/**
 * A walk over the page trees of LMDB's data file, without LMDB: a damaged page can crash whoever reads it
 * by LMDB, or take records out of sight without a word, so the trees are looked at before and apart.
 *
 * 1. Every page of a tree is where it says, of the kind that its place wants, and in one place only.
 * 2. Keys stand in order, within what the branches above them promise: so whatever is there is found.
 * 3. The pages and records of each tree are as many as LMDB counted; no page in use is free too.
 * 4. Nothing was written by a transaction that is still to come: LMDB would take such a page for one that it may
 *    change in place, and such a list of free pages for one that cannot be there, and end the process.
 *
 * What the records say is not looked at: their checksums do that (`verify.ts`).
 */

/** Reads one page, or the first bytes of one that is followed by more of its kind. */
export type ReadPage = (page: number) => Buffer | null;

/** A tree as LMDB describes it in a meta page or in the record of a named table. */
interface Tree {
  readonly name: string;
  /** Flags of the tree, as LMDB keeps them. */
  readonly flags: number;
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflows: number;
  readonly records: number;
  /** NO_PAGE when it is empty. */
  readonly root: bigint;
}

export const NO_PAGE = 0xffff_ffff_ffff_ffffn;
/** Bytes of a tree's description. */
const TREE_BYTES = 48;
const PAGE_HEADER_BYTES = 24;
const NODE_HEADER_BYTES = 8;
/** Flags of pages. */
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
/** Flags of a leaf's nodes: the value stands on pages of its own; it describes a table. */
const BIG = 0x01;
const TABLE = 0x02;
/** Two meta pages come first. */
const FIRST_PAGE = 2;
const MAX_DEPTH = 32;
/** Flag of a tree: keys are numbers of the machine, not bytes. No tree of ours has another. */
const HAS_NUMBERS = 0x08;
const NUMBER_BYTES = 8;

const treeAt = (bytes: Buffer, at: number, name: string): Tree => ({
  name,
  flags: bytes.readUInt16LE(at + 4),
  depth: bytes.readUInt16LE(at + 6),
  branches: Number(bytes.readBigUInt64LE(at + 8)),
  leaves: Number(bytes.readBigUInt64LE(at + 16)),
  overflows: Number(bytes.readBigUInt64LE(at + 24)),
  records: Number(bytes.readBigUInt64LE(at + 32)),
  root: bytes.readBigUInt64LE(at + 40),
});

/** The trees that a meta page names: of the free pages, and of the tables. */
export interface Roots {
  readonly meta: Buffer;
  readonly freeAt: number;
  readonly mainAt: number;
  readonly lastPage: number;
  /** The last transaction that was committed. */
  readonly transaction: bigint;
  readonly pageBytes: number;
}

/** What is wrong, in words, or null. */
export const faultOfTrees = (read: ReadPage, roots: Roots): string | null => {
  try {
    new Walk(read, roots).all();
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
};

class Fault extends Error {}

interface Counts {
  branches: number;
  leaves: number;
  overflows: number;
  records: number;
}

/** What the branches above promise of a page's keys: not below `from`, all below `to`. */
interface Bounds {
  readonly from: Buffer | null;
  readonly to: Buffer | null;
}

/** A node where it stands on its page. */
interface Node {
  readonly low: number;
  readonly flags: number;
  readonly key: Buffer;
  readonly valueAt: number;
}

class Walk {
  readonly #read: ReadPage;
  readonly #roots: Roots;
  /** By page: whether it is in use or free. */
  readonly #seen: Uint8Array;
  readonly #tables: Tree[] = [];

  constructor(read: ReadPage, roots: Roots) {
    this.#read = read;
    this.#roots = roots;
    this.#seen = new Uint8Array(roots.lastPage + 1);
  }

  all(): void {
    const { meta, freeAt, mainAt } = this.#roots;
    const free = treeAt(meta, freeAt, 'free pages');
    this.#tree(free, HAS_NUMBERS, (node, page) => this.#free(node, page));
    this.#tree(treeAt(meta, mainAt, 'tables'), 0, (node, page) => this.#table(node, page));
    for (const table of this.#tables) this.#tree(table, 0, mustBeValue);
  }

  #tree(tree: Tree, flags: number, visit: (node: Node, page: Buffer) => void): void {
    const counts = { branches: 0, leaves: 0, overflows: 0, records: 0 };
    if (tree.flags !== flags)
      throw new Fault(`the tree of ${tree.name} is said to be of another kind`);
    if (tree.depth > MAX_DEPTH) throw new Fault(`the tree of ${tree.name} is too deep`);
    if (tree.root !== NO_PAGE) {
      const whole = { from: null, to: null };
      this.#page(tree, Number(tree.root), tree.depth, whole, counts, visit);
    }
    for (const [what, count] of Object.entries(counts) as [keyof Counts, number][])
      if (tree[what] !== count)
        throw new Fault(`the tree of ${tree.name} has ${count} ${what} and not ${tree[what]}`);
  }

  #page(
    tree: Tree,
    number: number,
    depth: number,
    bounds: Bounds,
    counts: Counts,
    visit: (node: Node, page: Buffer) => void,
  ): void {
    const isLeaf = depth <= 1;
    const page = this.#pageOf(tree, number, isLeaf ? LEAF : BRANCH);
    const nodes = this.#nodes(tree, number, page, isLeaf);
    this.#mustBeInOrder(tree, number, nodes, bounds, isLeaf);
    if (isLeaf) {
      counts.leaves += 1;
      counts.records += nodes.length;
      for (const node of nodes) {
        if ((node.flags & BIG) !== 0) counts.overflows += this.#overflow(tree, node, page);
        visit(node, page);
      }
      return;
    }
    counts.branches += 1;
    for (const [at, node] of nodes.entries()) {
      const below = {
        from: at === 0 ? bounds.from : node.key,
        to: nodes[at + 1]?.key ?? bounds.to,
      };
      const child = node.low + node.flags * 2 ** 32;
      this.#page(tree, child, depth - 1, below, counts, visit);
    }
  }

  #pageOf(tree: Tree, number: number, kind: number): Buffer {
    this.#take(number, tree.name);
    const page = this.#read(number);
    if (page === null) throw new Fault(`page ${number} of ${tree.name} is not in the file`);
    if (page.readBigUInt64LE(0) !== BigInt(number) || page.readUInt32LE(16) !== kind << 16)
      throw new Fault(`page ${number} is none of ${tree.name}`);
    this.#mustBeOver(page.readBigUInt64LE(8), `page ${number} of ${tree.name}`);
    return page;
  }

  #mustBeOver(transaction: bigint, what: string): void {
    if (transaction > this.#roots.transaction)
      throw new Fault(`${what} is of a transaction that is still to come`);
  }

  #nodes(tree: Tree, number: number, page: Buffer, isLeaf: boolean): Node[] {
    const room = page.length - PAGE_HEADER_BYTES;
    const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)];
    const isBroken = lower === 0 || lower % 2 !== 0 || lower > upper || upper > room;
    if (isBroken) throw new Fault(`page ${number} of ${tree.name} is not laid out as a page`);
    const nodes: Node[] = [];
    /** Where each begins and ends: one that is said to be longer than it is would take others along. */
    const ends: [from: number, to: number][] = [];
    for (let slot = 0; slot < lower; slot += 2) {
      const offset = page.readUInt16LE(PAGE_HEADER_BYTES + slot);
      const at = PAGE_HEADER_BYTES + offset;
      const valueAt = at + NODE_HEADER_BYTES;
      if (offset < upper || valueAt > page.length)
        throw new Fault(`page ${number} of ${tree.name} points outside of itself`);
      const [low, flags] = [page.readUInt32LE(at), page.readUInt16LE(at + 4)];
      const keyEnd = valueAt + page.readUInt16LE(at + 6);
      const inPage = isLeaf ? ((flags & BIG) === 0 ? low : PAGE_HEADER_BYTES) : 0;
      if (keyEnd + inPage > page.length)
        throw new Fault(`a record on page ${number} of ${tree.name} does not end there`);
      nodes.push({ low, flags, key: page.subarray(valueAt, keyEnd), valueAt: keyEnd });
      ends.push([at, keyEnd + inPage]);
    }
    ends.sort(([one], [other]) => one - other);
    for (const [slot, [at]] of ends.entries())
      if (slot > 0 && at < (ends[slot - 1]?.[1] ?? 0))
        throw new Fault(`records on page ${number} of ${tree.name} stand in one another`);
    return nodes;
  }

  /** The first key of a branch says nothing. */
  #mustBeInOrder(
    tree: Tree,
    number: number,
    nodes: readonly Node[],
    bounds: Bounds,
    isLeaf: boolean,
  ) {
    let before = isLeaf ? null : bounds.from;
    for (const [at, { key }] of nodes.entries()) {
      if (!isLeaf && at === 0) continue;
      const isTooLow =
        isLeaf && at === 0
          ? bounds.from !== null && compare(tree, key, bounds.from) < 0
          : before !== null && compare(tree, key, before) <= 0;
      if (isTooLow || (bounds.to !== null && compare(tree, key, bounds.to) >= 0))
        throw new Fault(`page ${number} of ${tree.name} has keys out of order`);
      before = key;
    }
  }

  /** The pages of a large value; gives how many they are. */
  #overflow(tree: Tree, { low, valueAt }: Node, leaf: Buffer): number {
    const first = Number(leaf.readBigUInt64LE(valueAt));
    const pages = Math.ceil((PAGE_HEADER_BYTES + low) / this.#roots.pageBytes);
    const page = this.#pageOf(tree, first, OVERFLOW);
    const said = Number(leaf.readBigUInt64LE(valueAt + 16));
    this.#mustBeOver(leaf.readBigUInt64LE(valueAt + 8), `a value of ${tree.name}`);
    if (page.readUInt32LE(20) !== pages || said !== pages)
      throw new Fault(`the value on page ${first} of ${tree.name} does not have ${pages} pages`);
    for (let more = 1; more < pages; more += 1) this.#take(first + more, tree.name);
    if (this.#read(first + pages - 1) === null)
      throw new Fault(`the value on page ${first} of ${tree.name} is not whole in the file`);
    return pages;
  }

  #table({ flags, key, valueAt }: Node, page: Buffer): void {
    if (flags !== TABLE || valueAt + TREE_BYTES > page.length)
      throw new Fault('the tree of tables holds something else');
    this.#tables.push(treeAt(page, valueAt, key.toString('latin1')));
  }

  /** A list: its length, then pages, or a length below zero and the first page of so many, or nothing. */
  #free(node: Node, leaf: Buffer): void {
    mustBeValue(node);
    const { low, flags, key, valueAt } = node;
    const transaction = key.length === NUMBER_BYTES ? key.readBigUInt64LE(0) : 0n;
    if (transaction === 0n) throw new Fault('a list of free pages is of no transaction');
    this.#mustBeOver(transaction, 'a list of free pages');
    const list =
      (flags & BIG) === 0 ? leaf.subarray(valueAt, valueAt + low) : this.#big(leaf, valueAt, low);
    if (list.length < NUMBER_BYTES) throw new Fault('a list of free pages has no length');
    const length = Number(list.readBigUInt64LE(0));
    if ((length + 1) * NUMBER_BYTES > list.length)
      throw new Fault('a list of free pages is longer than it is');
    for (let at = 1; at <= length; at += 1) {
      let entry = list.readBigInt64LE(at * 8);
      let count = 1;
      if (entry < 0n && at < length) {
        count = -Number(entry);
        at += 1;
        entry = list.readBigInt64LE(at * 8);
      }
      if (entry === 0n) continue;
      for (let more = 0; more < count; more += 1) this.#take(Number(entry) + more, 'free pages');
    }
  }

  #big(leaf: Buffer, valueAt: number, length: number): Buffer {
    const first = Number(leaf.readBigUInt64LE(valueAt));
    const pages = Math.ceil((PAGE_HEADER_BYTES + length) / this.#roots.pageBytes);
    const all = Array.from(
      { length: pages },
      (_, more) => this.#read(first + more) ?? Buffer.alloc(0),
    );
    return Buffer.concat(all).subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + length);
  }

  /** Notes that a page has its place. */
  #take(number: number, name: string): void {
    if (number < FIRST_PAGE || number > this.#roots.lastPage)
      throw new Fault(`${name} name page ${number}, which cannot be`);
    if (this.#seen[number] !== 0) throw new Fault(`page ${number} of ${name} is in two places`);
    this.#seen[number] = 1;
  }
}

/** Its pages are counted apart; whatever else a node may be is not in our tables. */
const mustBeValue = ({ flags }: Node): void => {
  if ((flags & ~BIG) !== 0) throw new Fault('a table holds something else than values');
};

const compare = ({ flags }: Tree, a: Buffer, b: Buffer): number => {
  if (flags !== HAS_NUMBERS || a.length !== NUMBER_BYTES || b.length !== NUMBER_BYTES)
    return Buffer.compare(a, b);
  const [left, right] = [a.readBigUInt64LE(0), b.readBigUInt64LE(0)];
  return left < right ? -1 : left > right ? 1 : 0;
};
