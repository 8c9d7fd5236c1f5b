/**
 * Shared memory for live contexts: few large slabs, and an extent of one for each context. A buffer for each context, made
 * anew whenever one grows, leaves holes of every size behind, and a handle in every thread that has read it.
 *
 * 1. An extent is used again when nobody holds it any more: its session has let go, and the last step that reads it
 *    has ended. Until then its bytes belong to whoever holds it.
 * 2. `usedBytes` is the sum of the extents that are held.
 * 3. A slab in which nothing is held is dropped after a while; a context larger than `MAX_SHARING_BYTES` has a slab of its
 *    own, which goes with it. A slab that is gone is never used again.
 */

/** A piece of shared memory, handed to each thread once. */
export interface Slab {
  readonly buffer: SharedArrayBuffer;
  /** It holds nothing and will hold nothing: threads may forget it. */
  readonly isGone: boolean;
}

export interface Extent {
  readonly slab: Slab;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Keeps the extent until the function that it gives is called; a second call of that does nothing. */
  hold(): () => void;
}

export const SLAB_BYTES = 16 * 1024 * 1024;
/** Larger contexts do not share a slab. */
export const MAX_SHARING_BYTES = SLAB_BYTES / 4;
/** How long an empty slab is kept: a busy daemon needs it again. */
export const EMPTY_MS = 30_000;
const FIRST_CLASS_BYTES = 4 * 1024;
const CLASS_GROWTH = 1.5;
const PAGE_BYTES = 4 * 1024;

export class Slabs {
  readonly #slabs = new Set<SharedSlab>();
  #usedBytes = 0;
  #made = 0;

  /** Bytes of the extents that somebody holds. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes of all slabs, used or not. */
  get byteLength(): number {
    let sum = 0;
    for (const { buffer } of this.#slabs) sum += buffer.byteLength;
    return sum;
  }

  /** Slabs made since the beginning: each is one piece of native memory. */
  get made(): number {
    return this.#made;
  }

  /** At least so many bytes, held once: `hold` is called for whoever asked, and `release` undoes it. */
  take(bytes: number): { readonly extent: Extent; readonly release: () => void } {
    const size = sizeOf(bytes);
    const held = size > MAX_SHARING_BYTES ? this.#own(size) : this.#share(size);
    this.#usedBytes += size;
    return { extent: held, release: held.hold() };
  }

  /** Drops slabs that have been empty for `EMPTY_MS`; says how many. Called now and then. */
  dropEmpty(nowMs: number): number {
    let dropped = 0;
    for (const slab of this.#slabs) {
      if (slab.freeBytes < slab.buffer.byteLength) slab.emptySinceMs = undefined;
      else slab.emptySinceMs ??= nowMs;
      if (slab.emptySinceMs === undefined || nowMs - slab.emptySinceMs < EMPTY_MS) continue;
      this.#drop(slab);
      dropped += 1;
    }
    return dropped;
  }

  #share(size: number): HeldExtent {
    for (const slab of this.#slabs) {
      const byteOffset = slab.isOwn ? undefined : slab.take(size);
      if (byteOffset !== undefined) return this.#extent(slab, byteOffset, size);
    }
    const slab = this.#make(SLAB_BYTES, false);
    return this.#extent(slab, slab.take(size) ?? 0, size);
  }

  #own(size: number): HeldExtent {
    const slab = this.#make(size, true);
    return this.#extent(slab, slab.take(size) ?? 0, size);
  }

  #make(bytes: number, isOwn: boolean): SharedSlab {
    this.#made += 1;
    const slab = new SharedSlab(bytes, isOwn);
    this.#slabs.add(slab);
    return slab;
  }

  #drop(slab: SharedSlab): void {
    slab.isGone = true;
    this.#slabs.delete(slab);
  }

  #extent(slab: SharedSlab, byteOffset: number, byteLength: number): HeldExtent {
    return new HeldExtent(slab, byteOffset, byteLength, () => {
      this.#usedBytes -= byteLength;
      slab.give(byteOffset, byteLength);
      slab.emptySinceMs = undefined;
      if (slab.isOwn) this.#drop(slab);
    });
  }
}

/** The smallest class that holds so many bytes, so that a hole fits the next one of about its size; large ones as they are. */
const sizeOf = (bytes: number): number => {
  let size = bytes > MAX_SHARING_BYTES ? bytes : FIRST_CLASS_BYTES;
  while (size < bytes) size *= CLASS_GROWTH;
  return Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
};

/** Mapped by itself wherever it may grow; a plain one of this size may come from the heap that all small things share. */
export const sharedMemory = (bytes: number): SharedArrayBuffer => {
  const Growable = SharedArrayBuffer as unknown as new (
    length: number,
    options: { readonly maxByteLength: number },
  ) => SharedArrayBuffer;
  return new Growable(bytes, { maxByteLength: bytes });
};

class HeldExtent implements Extent {
  readonly slab: Slab;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly #onFree: () => void;
  #holders = 0;

  constructor(slab: Slab, byteOffset: number, byteLength: number, onFree: () => void) {
    this.slab = slab;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.#onFree = onFree;
  }

  hold(): () => void {
    this.#holders += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#onFree();
    };
  }
}

interface Free {
  at: number;
  bytes: number;
}

class SharedSlab implements Slab {
  readonly buffer: SharedArrayBuffer;
  /** One context has all of it. */
  readonly isOwn: boolean;
  isGone = false;
  freeBytes: number;
  emptySinceMs: number | undefined;
  /** In order of their places, never two in touch. */
  readonly #free: Free[];

  constructor(bytes: number, isOwn: boolean) {
    this.buffer = sharedMemory(bytes);
    this.isOwn = isOwn;
    this.freeBytes = bytes;
    this.#free = [{ at: 0, bytes }];
  }

  /** The first place where so many bytes are free. */
  take(bytes: number): number | undefined {
    if (bytes > this.freeBytes) return undefined;
    const found = this.#free.findIndex((free) => free.bytes >= bytes);
    const free = this.#free[found];
    if (free === undefined) return undefined;
    const { at } = free;
    free.at += bytes;
    free.bytes -= bytes;
    if (free.bytes === 0) this.#free.splice(found, 1);
    this.freeBytes -= bytes;
    return at;
  }

  give(at: number, bytes: number): void {
    this.freeBytes += bytes;
    const behind = this.#placeBehind(at);
    const [before, after] = [this.#free[behind - 1], this.#free[behind]];
    const joinsBefore = before !== undefined && before.at + before.bytes === at;
    const joinsAfter = after !== undefined && at + bytes === after.at;
    if (joinsBefore) {
      before.bytes += bytes + (joinsAfter ? after.bytes : 0);
      if (joinsAfter) this.#free.splice(behind, 1);
    } else if (joinsAfter) {
      after.at = at;
      after.bytes += bytes;
    } else this.#free.splice(behind, 0, { at, bytes });
  }

  /** Of the first free piece behind `at`. */
  #placeBehind(at: number): number {
    let [low, high] = [0, this.#free.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#free[middle] as Free).at < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
