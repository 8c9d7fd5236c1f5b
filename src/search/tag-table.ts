/**
 * Which rows have which tags. Each (row, tag) is a node: in the row's list, which keeps the order and
 * the spelling, and in the posting of the tag's key, under which all spellings are one.
 *
 * Invariant: a row's tags differ by their keys (the domain sees to it), so a row is once in a posting.
 */
import { tagKey } from '../model/tags.ts';
import { Column } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { alphabetical, OrderedIndex } from './ordered-index.ts';
import { Postings } from './postings.ts';

export class TagTable {
  readonly #spellings = new Dictionary();
  readonly #keys = new Dictionary();
  /** Key of a spelling. */
  readonly #keyOf = Column.uint32();
  /** Keys in alphabetical order: what a prefix asks for. */
  readonly #sortedKeys = new OrderedIndex((a, b) =>
    alphabetical(this.#keys.text(a), this.#keys.text(b)),
  );
  readonly #postings = new Postings();
  readonly #firstNode = Column.uint32();
  readonly #nextNode = Column.uint32();
  readonly #row = Column.uint32();
  readonly #spelling = Column.uint32();
  readonly #freeNodes: number[] = [];
  #nodesEnd = 1;

  set(slot: number, tags: readonly string[]): void {
    if (this.#has(slot, tags)) return;
    for (let node = this.#firstNode.at(slot); node !== 0; ) {
      const next = this.#nextNode.at(node);
      this.#removeNode(node);
      node = next;
    }
    let first = 0;
    for (const tag of tags.toReversed()) first = this.#addNode(slot, tag, first);
    this.#firstNode.set(slot, first);
  }

  /** As the session spells them. */
  tags(slot: number): readonly string[] {
    const tags: string[] = [];
    for (let node = this.#firstNode.at(slot); node !== 0; node = this.#nextNode.at(node))
      tags.push(this.#spellings.text(this.#spelling.at(node)));
    return tags;
  }

  /** The number of a tag's key; 0 if no row has it. */
  keyOf(tag: string): number {
    return this.#keys.find(tagKey(tag));
  }

  /** Every key that starts so; undefined if there are more than `limit`. */
  keysWith(prefix: string, limit: number): ReadonlySet<number> | undefined {
    const start = tagKey(prefix);
    const keys = new Set<number>();
    const from = this.#sortedKeys.rank((key) => this.#keys.text(key) >= start);
    this.#sortedKeys.ascend(from, this.#sortedKeys.size, (key) => {
      const isMatch = this.#keys.text(key).startsWith(start);
      if (isMatch) keys.add(key);
      return isMatch && keys.size <= limit;
    });
    return keys.size > limit ? undefined : keys;
  }

  /** Whether some key of the row starts so. */
  hasPrefix(slot: number, prefix: string): boolean {
    const start = tagKey(prefix);
    for (let node = this.#firstNode.at(slot); node !== 0; node = this.#nextNode.at(node))
      if (this.#keys.text(this.#keyAt(node)).startsWith(start)) return true;
    return false;
  }

  /** Each key that some row has, with one of its spellings. */
  eachKey(visit: (key: number, spelling: string) => void): void {
    this.#sortedKeys.ascend(0, this.#sortedKeys.size, (key) => {
      visit(key, this.#spellings.text(this.#spelling.at(this.#postings.first(key))));
      return true;
    });
  }

  /** Each tag of the row: its key's text, and its spelling. */
  eachOf(slot: number, visit: (key: string, spelling: string) => void): void {
    for (let node = this.#firstNode.at(slot); node !== 0; node = this.#nextNode.at(node))
      visit(this.#keys.text(this.#keyAt(node)), this.#spellings.text(this.#spelling.at(node)));
  }

  /** How many rows have this key. */
  size(key: number): number {
    return this.#keys.uses(key);
  }

  /** The first of the row's keys that is among these; 0 if none is. */
  firstOf(slot: number, keys: ReadonlySet<number>): number {
    for (let node = this.#firstNode.at(slot); node !== 0; node = this.#nextNode.at(node)) {
      const key = this.#keyAt(node);
      if (keys.has(key)) return key;
    }
    return 0;
  }

  /** Each row that has any of these keys, once. */
  each(keys: ReadonlySet<number>, visit: (slot: number) => void): void {
    for (const key of keys)
      this.#postings.each(key, (node) => {
        const slot = this.#row.at(node);
        if (keys.size === 1 || this.firstOf(slot, keys) === key) visit(slot);
      });
  }

  get bytes(): number {
    const parts = [
      this.#spellings,
      this.#keys,
      this.#keyOf,
      this.#sortedKeys,
      this.#postings,
      this.#firstNode,
      this.#nextNode,
      this.#row,
      this.#spelling,
    ];
    return parts.reduce((sum, part) => sum + part.bytes, this.#freeNodes.length * 8);
  }

  #keyAt(node: number): number {
    return this.#keyOf.at(this.#spelling.at(node));
  }

  #has(slot: number, tags: readonly string[]): boolean {
    let node = this.#firstNode.at(slot);
    for (const tag of tags) {
      if (node === 0 || this.#spellings.text(this.#spelling.at(node)) !== tag) return false;
      node = this.#nextNode.at(node);
    }
    return node === 0;
  }

  #addNode(slot: number, tag: string, next: number): number {
    const node = this.#freeNodes.pop() ?? this.#nodesEnd++;
    const spelling = this.#spellings.acquire(tag);
    const key = this.#keys.acquire(tagKey(tag));
    if (this.#keys.uses(key) === 1) this.#sortedKeys.insert(key);
    this.#keyOf.set(spelling, key);
    this.#row.set(node, slot);
    this.#spelling.set(node, spelling);
    this.#nextNode.set(node, next);
    this.#postings.link(key, node);
    return node;
  }

  #removeNode(node: number): void {
    const spelling = this.#spelling.at(node);
    const key = this.#keyOf.at(spelling);
    this.#postings.unlink(key, node);
    if (this.#keys.uses(key) === 1) this.#sortedKeys.delete(key);
    this.#keys.release(key);
    this.#spellings.release(spelling);
    this.#freeNodes.push(node);
  }
}
