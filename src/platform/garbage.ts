/**
 * Collecting garbage: all of it, so that the memory goes back to the system. A plain `gc()` frees objects and keeps the pages
 * that still hold a few: of a heap of 85 MB with 8 in use it gave none back, in Node 20 as in 24.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MAJOR = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

const v8Version = Number.parseInt(process.versions.v8, 10);
/** V8 12 and newer collect as if memory had run out when they are asked to. */
const hasLastResort = v8Version >= 12;

type Collect = NonNullable<typeof globalThis.gc>;

/** Of the thread that asks. */
export const garbageCollector = (): (() => void) => {
  const gc = globalThis.gc ?? exposed();
  return hasLastResort ? () => void gc(MAJOR) : () => compact(gc);
};

/** What `--expose-gc` gives, for this caller alone: V8 puts it into the contexts that are made while the flag is up. */
const exposed = (): Collect => {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as Collect;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
};

const POOL_BYTES = 8 * 1024;

/**
 * Bounds what V8 takes in this process for the sake of speed.
 *
 * The nursery stays as it is. From V8 13 on it may grow with the machine's memory, with 24 GB up to 128 MiB; what a turn
 * makes is garbage long before. By the time that a daemon has loaded its modules it has 32 MiB, at which older ones stop by themselves.
 *
 * The compiler between the quick one and the thorough one, Maglev, is off: its threads take some 20 MiB from the C library's heap
 * in pieces, and never give them back. Functions that are hot for long come to the thorough one all the same.
 *
 * Objects are made young, always. Of a place in the code whose objects outlive two collections V8 makes later ones old from the
 * start, and what lives as long as a request, or a call of the API, is taken for that. What such an object refers to is kept with it
 * until the next great collection, and each of these throws compiled code away: turns with tools took a tenth more CPU.
 *
 * Small buffers share pieces of 8 KiB. In Node 24 these became 64 KiB, and one small buffer that lives keeps all of its piece.
 */
export const boundEngine = (): void => {
  if (v8Version >= 12) setFlagsFromString('--no-maglev');
  if (v8Version >= 13) setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-allocation-site-pretenuring');
  Buffer.poolSize = Math.min(Buffer.poolSize, POOL_BYTES);
};

/**
 * What a thread makes as it works may gather up to here, in bytes: it lives as long as an answer takes and is old by then,
 * and of old things V8 lets hundreds of megabytes gather before it looks.
 */
const BUSY_BYTES = 24 * 1024 * 1024;
/** What may be left in a thread that has nothing to do. */
const IDLE_BYTES = 2 * 1024 * 1024;
/** Looks in a row that must find it so. */
const IDLE_LOOKS = 10;

/** What a thread looks at and collects with. */
export interface GarbageTools {
  /** Bytes of the thread's heap that are in use, garbage among them. */
  readonly usedBytes: () => number;
  /** Frees objects. */
  readonly collect: () => void;
  /** Frees objects and gives their pages back. */
  readonly collectAll: () => void;
}

/** Of a thread that makes much and keeps little; it looks every second. */
export class Garbage {
  readonly #tools: GarbageTools;
  #leftBytes = 0;
  #idleLooks = 0;

  /** @param tools default: this thread's own. */
  constructor(tools: GarbageTools = ownTools()) {
    this.#tools = tools;
  }

  /** Collects if much has gathered, which takes some milliseconds, or something in a thread that rests. */
  look(isIdle: boolean): void {
    const { usedBytes, collect, collectAll } = this.#tools;
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0;
    const gathered = usedBytes() - this.#leftBytes;
    if (gathered > BUSY_BYTES) this.#run(collect);
    else if (this.#idleLooks === IDLE_LOOKS && gathered > IDLE_BYTES) this.#run(collectAll);
  }

  collectAll(): void {
    this.#run(this.#tools.collectAll);
  }

  #run(collect: () => void): void {
    collect();
    this.#leftBytes = this.#tools.usedBytes();
  }
}

/** The collector is looked for when it is needed first: a thread that does little needs none. */
const ownTools = (): GarbageTools => {
  let plain: Collect | undefined;
  return {
    usedBytes: () => getHeapStatistics().used_heap_size,
    collect: () => {
      plain ??= globalThis.gc ?? exposed();
      plain();
    },
    collectAll: () => garbageCollector()(),
  };
};

/** One ends a collection that had begun without moving anything, one moves what is left together, one frees the pages. */
const COLLECTIONS = 3;

const compact = (gc: () => void): void => {
  setFlagsFromString('--compact-on-every-full-gc');
  try {
    for (let count = 0; count < COLLECTIONS; count += 1) gc();
  } finally {
    setFlagsFromString('--no-compact-on-every-full-gc');
  }
};
