/**
 * Which rows have which tags: per row a run of spellings in their order, and per key, under which all spellings are
 * one, a posting.
 *
 * 1. A row's tags differ by their keys (the domain sees to it), so a row is once in a posting.
 * 2. A row is in the postings of its tags while it is listed, as in a `Facet`.
 */
import { beginsSo, tagKey, tagStarts } from '../../model/tag-key.ts';
import { Column } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { bitOf } from './marks.ts';
import { alphabeticalOrder, OrderedIndex } from './ordered-index.ts';
import { Pool } from './pool.ts';
import { Postings, type Recency } from './postings.ts';
import type { Loading, Saving } from './saved.ts';

export class TagTable {
  readonly #spellings = new Dictionary();
  readonly #keys = new Dictionary();
  /** Key of a spelling. */
  readonly #keyOf = Column.uint32();
  /** Keys in alphabetical order: what a prefix asks for. */
  readonly #sortedKeys = new OrderedIndex(alphabeticalOrder((key) => this.#keys.text(key)));
  readonly postings: Postings;
  /** Runs: the number of tags, then their spellings. */
  readonly #runs = Pool.ofNumbers();
  readonly #places: Column;

  /** @param places where it stands which run is a row's. */
  constructor(recency: Recency, places = Column.uint32()) {
    this.#places = places;
    this.postings = new Postings(recency);
  }

  list(slot: number): void {
    this.#eachSpelling(slot, (spelling) => this.postings.add(this.#keyOf.at(spelling), slot));
  }

  unlist(slot: number): void {
    this.#eachSpelling(slot, (spelling) => this.postings.delete(this.#keyOf.at(spelling), slot));
  }

  /** Of a row that is not listed. */
  set(slot: number, tags: readonly string[]): void {
    if (this.#has(slot, tags)) return;
    const spellings = tags.map((tag) => this.#acquire(tag));
    this.#eachSpelling(slot, (spelling) => this.#release(spelling));
    this.#setRun(slot, spellings);
  }

  /** As the session spells them. */
  tags(slot: number): readonly string[] {
    const tags: string[] = [];
    this.#eachSpelling(slot, (spelling) => tags.push(this.#spellings.text(spelling)));
    return tags;
  }

  /** The number of a tag's key; 0 if no row has it. */
  keyOf(tag: string): number {
    return this.#keys.find(tagKey(tag));
  }

  /** Every key that starts so; undefined if there are more than `limit`. */
  keysWith(prefix: string, limit: number): ReadonlySet<number> | undefined {
    const keys = new Set<number>();
    for (const start of tagStarts(prefix)) {
      const from = this.#sortedKeys.rank((key) => this.#keys.text(key) >= start);
      this.#sortedKeys.ascend(from, this.#sortedKeys.size, (key) => {
        const isMatch = this.#keys.text(key).startsWith(start);
        if (isMatch) keys.add(key);
        return isMatch && keys.size <= limit;
      });
    }
    return keys.size > limit ? undefined : keys;
  }

  /** Whether some key of the row starts so. @param starts from `tagStarts` */
  hasStart(slot: number, starts: readonly string[]): boolean {
    let isFound = false;
    this.#eachSpelling(slot, (spelling) => {
      isFound ||= beginsSo(this.#keys.text(this.#keyOf.at(spelling)), starts);
    });
    return isFound;
  }

  /** Each key that some row has, with one of its spellings. */
  eachKey(visit: (key: number, spelling: string) => void): void {
    this.#sortedKeys.each((key) => visit(key, this.#spellingOf(key)));
  }

  /** Each tag of the row: its key's text, and its spelling. */
  eachOf(slot: number, visit: (key: string, spelling: string) => void): void {
    this.#eachSpelling(slot, (spelling) =>
      visit(this.#keys.text(this.#keyOf.at(spelling)), this.#spellings.text(spelling)),
    );
  }

  /** How many rows have this key. */
  size(key: number): number {
    return this.#keys.uses(key);
  }

  has(slot: number, key: number): boolean {
    const place = this.#places.at(slot);
    if (place === 0) return false;
    const run = this.#runs.page(place);
    const offset = this.#runs.offset(place);
    const end = offset + (run[offset] ?? 0);
    for (let at = offset + 1; at <= end; at++)
      if (this.#keyOf.at(run[at] ?? 0) === key) return true;
    return false;
  }

  /** The bits of the row's keys in its mark. */
  bits(slot: number): number {
    let bits = 0;
    this.#eachSpelling(slot, (spelling) => {
      bits |= bitOf(this.#keyOf.at(spelling));
    });
    return bits;
  }

  /** How many tags the row has. */
  count(slot: number): number {
    const place = this.#places.at(slot);
    return place === 0 ? 0 : (this.#runs.page(place)[this.#runs.offset(place)] ?? 0);
  }

  /** The first of the row's keys that is among these; 0 if none is. */
  firstOf(slot: number, keys: ReadonlySet<number>): number {
    const place = this.#places.at(slot);
    if (place === 0) return 0;
    const run = this.#runs.page(place);
    const offset = this.#runs.offset(place);
    const end = offset + (run[offset] ?? 0);
    for (let at = offset + 1; at <= end; at++) {
      const key = this.#keyOf.at(run[at] ?? 0);
      if (keys.has(key)) return key;
    }
    return 0;
  }

  /** Each listed row that has any of these keys, once: of several, under the first that it has. */
  each(keys: ReadonlySet<number>, visit: (slot: number) => void): void {
    for (const key of keys)
      this.postings.each(key, (slot) => {
        if (this.firstOf(slot, keys) === key) visit(slot);
      });
  }

  get bytes(): number {
    return this.#parts().reduce((sum, part) => sum + part.bytes, 0);
  }

  save(to: Saving): void {
    for (const part of this.#parts()) part.save(to);
  }

  load(from: Loading): void {
    for (const part of this.#parts()) part.load(from);
  }

  #parts() {
    return [
      this.#spellings,
      this.#keys,
      this.#keyOf,
      this.#sortedKeys,
      this.postings,
      this.#runs,
      this.#places,
    ];
  }

  #eachSpelling(slot: number, visit: (spelling: number) => void): void {
    const place = this.#places.at(slot);
    if (place === 0) return;
    const run = this.#runs.page(place);
    const offset = this.#runs.offset(place);
    const end = offset + (run[offset] ?? 0);
    for (let at = offset + 1; at <= end; at++) visit(run[at] ?? 0);
  }

  /** The spelling of some row that has the key. */
  #spellingOf(key: number): string {
    let text = '';
    this.#eachSpelling(this.postings.first(key), (spelling) => {
      if (this.#keyOf.at(spelling) === key) text = this.#spellings.text(spelling);
    });
    return text;
  }

  #has(slot: number, tags: readonly string[]): boolean {
    let n = 0;
    let isSame = true;
    this.#eachSpelling(slot, (spelling) => {
      isSame &&= this.#spellings.text(spelling) === tags[n];
      n += 1;
    });
    return isSame && n === tags.length;
  }

  #setRun(slot: number, spellings: readonly number[]): void {
    const old = this.#places.at(slot);
    if (old !== 0) this.#runs.give(old, 1 + (this.#runs.page(old)[this.#runs.offset(old)] ?? 0));
    if (spellings.length === 0) return this.#places.set(slot, 0);
    const place = this.#runs.take(1 + spellings.length);
    const run = this.#runs.page(place);
    const offset = this.#runs.offset(place);
    run[offset] = spellings.length;
    run.set(spellings, offset + 1);
    this.#places.set(slot, place);
  }

  #acquire(tag: string): number {
    const spelling = this.#spellings.acquire(tag);
    const key = this.#keys.acquire(tagKey(tag));
    if (this.#keys.uses(key) === 1) this.#sortedKeys.insert(key);
    this.#keyOf.set(spelling, key);
    return spelling;
  }

  #release(spelling: number): void {
    const key = this.#keyOf.at(spelling);
    if (this.#keys.uses(key) === 1) this.#sortedKeys.delete(key);
    this.#keys.release(key);
    this.#spellings.release(spelling);
  }
}
