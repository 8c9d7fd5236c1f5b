/**
 * What the disk under a folder does: its kind, how long a sync takes, and how many cache flushes the
 * kernel has sent to it. The last is how a bench knows that commits waited for syncs: a flush is
 * what a sync ends in, and no journal can fake it.
 */
import {
  closeSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const TMPFS = 0x01021994;
const SYNCS = 50;
const PAGE = Buffer.alloc(4096, 1);

/** On a file system in memory a sync costs nothing and keeps nothing. */
export const isInMemory = (folder: string): boolean => statfsSync(folder).type === TMPFS;

/** Milliseconds that writing a page and syncing it takes: the fastest of some. */
export const syncMs = (folder: string): number => {
  const path = join(folder, 'sync-probe');
  const file = openSync(path, 'w');
  const taken = Array.from({ length: SYNCS }, () => {
    const startNs = process.hrtime.bigint();
    writeSync(file, PAGE, 0, PAGE.length, 0);
    fdatasyncSync(file);
    return Number(process.hrtime.bigint() - startNs) / 1e6;
  });
  closeSync(file);
  rmSync(path);
  return Math.min(...taken);
};

/** Flushes of the disk under a folder since the machine started; undefined where nobody counts them. */
export const flushCount = (folder: string): number | undefined => {
  const { dev } = statSync(folder);
  const [major, minor] = [String((dev >> 8) & 0xfff), String((dev & 0xff) | ((dev >> 12) & ~0xff))];
  const line = read('/proc/diskstats')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find((fields) => fields[0] === major && fields[1] === minor);
  return Number(line?.[FLUSHES_FIELD] ?? 0) || undefined;
};

/** `Documentation/admin-guide/iostats.rst`, field 16, after three that name the device. */
const FLUSHES_FIELD = 18;

/** Flushes since it was made; undefined where nobody counts them. */
export class FlushWatch {
  readonly #folder: string;
  readonly #before: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#before = flushCount(folder);
  }

  get flushes(): number | undefined {
    const now = flushCount(this.#folder);
    return now === undefined || this.#before === undefined ? undefined : now - this.#before;
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
