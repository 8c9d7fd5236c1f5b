/**
 * Ids by slot number, and slots by id: the bytes of the ids in a pool, and hash tables of slot numbers over them. A
 * `Map` of strings costs twice as much, and stops the process for longer when it grows.
 *
 * Ids are ASCII (`ID_PATTERN`), so a byte is a character, and the order of bytes is the order of strings.
 */
import { Column } from './columns.ts';
import type { Order } from './ordered-index.ts';
import { Pool } from './pool.ts';
import type { Loading, Saving } from './saved.ts';

/** Tables that grow one by one: of a million ids each has 16,000, which move within a millisecond. */
const SHARD_BITS = 6;
const SHARDS = 1 << SHARD_BITS;
const FIRST_SHARD_SIZE = 8;

const NO_SLOTS = new Uint32Array(0);

interface Shard {
  /** Slot numbers where their hashes put them, or behind; 0 is free. */
  slots: Uint32Array;
  size: number;
}

export class IdTable implements Order {
  readonly #bytes = Pool.ofBytes();
  /** Place of a run: the id's length, then its characters. */
  readonly #places: Column;
  readonly #shards: (Shard | undefined)[] = new Array(SHARDS).fill(undefined);
  #size = 0;

  /** @param places where it stands which run is a slot's. */
  constructor(places = Column.uint32()) {
    this.#places = places;
  }

  get size(): number {
    return this.#size;
  }

  /** The slot of this id; 0 if it has none. */
  slotOf(id: string): number {
    const hash = hashOf(id);
    const shard = this.#shards[shardOf(hash)];
    if (shard === undefined) return 0;
    const { slots } = shard;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[at] ?? 0;
      if (slot === 0 || this.#is(slot, id)) return slot;
    }
  }

  /** @param id one that has no slot yet. */
  add(slot: number, id: string): void {
    const place = this.#bytes.take(runLength(id.length));
    const page = this.#bytes.page(place);
    const offset = this.#bytes.offset(place);
    page[offset] = id.length;
    page.write(id, offset + 1, 'latin1');
    this.#places.set(slot, place);
    const hash = hashOf(id);
    const shard = this.#roomyShard(shardOf(hash));
    put(shard.slots, hash, slot);
    shard.size += 1;
    this.#size += 1;
  }

  delete(slot: number): void {
    const place = this.#places.at(slot);
    if (place === 0) return;
    const hash = this.#hashAt(slot);
    const shard = this.#shards[shardOf(hash)] as Shard;
    this.#takeOut(shard, hash, slot);
    this.#bytes.give(place, runLength(this.#lengthAt(place)));
    this.#places.set(slot, 0);
    shard.size -= 1;
    this.#size -= 1;
  }

  has(slot: number): boolean {
    return this.#places.at(slot) !== 0;
  }

  /** Its length, where the id stands. */
  lengthAt(slot: number): number {
    const place = this.#places.at(slot);
    return place === 0 ? 0 : this.#lengthAt(place);
  }

  /** '' for a slot that no id has. */
  at(slot: number): string {
    const place = this.#places.at(slot);
    if (place === 0) return '';
    const start = this.#bytes.offset(place) + 1;
    return this.#bytes.page(place).toString('latin1', start, start + this.#lengthAt(place));
  }

  /** The first four characters of the id. */
  keyOf(slot: number): number {
    const place = this.#places.at(slot);
    const page = this.#bytes.page(place);
    const offset = this.#bytes.offset(place);
    const length = page[offset] ?? 0;
    let key = 0;
    for (let n = 1; n <= 4; n++) key = key * 256 + (n > length ? 0 : (page[offset + n] ?? 0));
    return key;
  }

  /** The order of the ids of two slots. */
  compare(a: number, b: number): number {
    const left = this.#places.at(a);
    const right = this.#places.at(b);
    const inLeft = this.#bytes.page(left);
    const inRight = this.#bytes.page(right);
    const atLeft = this.#bytes.offset(left);
    const atRight = this.#bytes.offset(right);
    const leftLength = inLeft[atLeft] ?? 0;
    const rightLength = inRight[atRight] ?? 0;
    const shorter = Math.min(leftLength, rightLength);
    for (let n = 1; n <= shorter; n++) {
      const difference = (inLeft[atLeft + n] ?? 0) - (inRight[atRight + n] ?? 0);
      if (difference !== 0) return difference;
    }
    return leftLength - rightLength;
  }

  get bytes(): number {
    const tables = this.#shards.reduce((sum, shard) => sum + (shard?.slots.byteLength ?? 0), 0);
    return tables + this.#bytes.bytes + this.#places.bytes;
  }

  save(to: Saving): void {
    this.#bytes.save(to);
    this.#places.save(to);
    for (const shard of this.#shards) {
      to.number(shard?.size ?? 0);
      to.array(shard?.slots ?? NO_SLOTS);
    }
  }

  load(from: Loading): void {
    this.#bytes.load(from);
    this.#places.load(from);
    for (let number = 0; number < SHARDS; number++) {
      const size = from.number();
      const slots = from.uint32();
      if (slots.length > 0) this.#shards[number] = { slots, size };
      this.#size += size;
    }
  }

  #lengthAt(place: number): number {
    return this.#bytes.page(place)[this.#bytes.offset(place)] ?? 0;
  }

  #is(slot: number, id: string): boolean {
    const place = this.#places.at(slot);
    const page = this.#bytes.page(place);
    const offset = this.#bytes.offset(place);
    if (page[offset] !== id.length) return false;
    for (let n = 0; n < id.length; n++) if (page[offset + 1 + n] !== id.charCodeAt(n)) return false;
    return true;
  }

  /** Of a slot that has an id. */
  #hashAt(slot: number): number {
    const place = this.#places.at(slot);
    const page = this.#bytes.page(place);
    const offset = this.#bytes.offset(place);
    const length = page[offset] ?? 0;
    let hash = FNV_START;
    for (let n = 1; n <= length; n++) hash = Math.imul(hash ^ (page[offset + n] ?? 0), FNV_PRIME);
    return hash >>> 0;
  }

  /** With room for one more: a table is at most two thirds full. */
  #roomyShard(number: number): Shard {
    let shard = this.#shards[number];
    if (shard === undefined) {
      shard = { slots: new Uint32Array(FIRST_SHARD_SIZE), size: 0 };
      this.#shards[number] = shard;
    }
    if ((shard.size + 1) * 3 <= shard.slots.length * 2) return shard;
    const slots = new Uint32Array(shard.slots.length * 2);
    for (const slot of shard.slots) if (slot !== 0) put(slots, this.#hashAt(slot), slot);
    shard.slots = slots;
    return shard;
  }

  /** Those behind it move up, where their hashes let them: a search ends at the first free place. */
  #takeOut({ slots }: Shard, hash: number, slot: number): void {
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== slot) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashAt(slots[at] ?? 0) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at] ?? 0;
      hole = at;
    }
    slots[hole] = 0;
  }
}

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const hashOf = (id: string): number => {
  let hash = FNV_START;
  for (let n = 0; n < id.length; n++) hash = Math.imul(hash ^ id.charCodeAt(n), FNV_PRIME);
  return hash >>> 0;
};

const shardOf = (hash: number): number => hash >>> (32 - SHARD_BITS);

const put = (slots: Uint32Array, hash: number, slot: number): void => {
  const mask = slots.length - 1;
  let at = hash & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = slot;
};

/** With its length; in steps of four, so that a run fits ids of other lengths later. */
const runLength = (length: number): number => (length + 4) & ~3;
