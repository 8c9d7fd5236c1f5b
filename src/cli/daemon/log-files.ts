/** The daemon's log as files: which they are, their last lines, and what comes to them. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const BLOCK_BYTES = 64 * 1024;
/** A line that is longer is shown in pieces: nothing grows without a limit. */
const MAX_LINE = 1024 * 1024;
const NEWLINE = 10;
/** As many as the settings allow. */
const MAX_FILES = 100;

interface Found {
  readonly name: string;
  readonly inode: number;
}

/** Those that are there, from the one that is written to the oldest. */
const existing = (path: string): readonly Found[] => {
  const found: Found[] = [];
  for (let at = 0; at < MAX_FILES; at += 1) {
    const name = at === 0 ? path : `${path}.${at}`;
    const inode = statSync(name, { throwIfNoEntry: false })?.ino;
    if (inode !== undefined) found.push({ name, inode });
    else if (at > 0) break;
  }
  return found;
};

/** Reads one file on from a place, as lines; what has no end yet waits for it. */
class LineReader {
  readonly inode: number;
  readonly #fd: number;
  readonly #decoder = new StringDecoder('utf8');
  #at: number;
  #rest = '';

  constructor(path: string, at = 0) {
    this.#fd = openSync(path, 'r');
    this.inode = fstatSync(this.#fd).ino;
    this.#at = at;
  }

  /** Complete lines without their ends; empty: there is no more for now. */
  more(): readonly string[] {
    const { size } = fstatSync(this.#fd);
    if (size < this.#at) this.#at = 0; // it was emptied
    const block = Buffer.alloc(BLOCK_BYTES);
    const count = readSync(this.#fd, block, 0, block.length, this.#at);
    this.#at += count;
    if (count === 0) return [];
    const lines = (this.#rest + this.#decoder.write(block.subarray(0, count))).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE) lines.push(this.#rest.slice(0, MAX_LINE));
    if (this.#rest.length > MAX_LINE) this.#rest = this.#rest.slice(MAX_LINE);
    return lines.length === 0 ? this.more() : lines;
  }

  /** No more comes: also the line that has no end. */
  last(): readonly string[] {
    const lines = this.more();
    return this.#rest === '' ? lines : [...lines, this.#rest];
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The place in a file where its last `count` lines begin, and how many of them it has. */
const placeOfLast = (path: string, count: number): { at: number; lines: number } => {
  const fd = openSync(path, 'r');
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    let lines = 0;
    for (let end = fstatSync(fd).size; end > 0; ) {
      const from = Math.max(0, end - BLOCK_BYTES);
      const read = readSync(fd, block, 0, end - from, from);
      for (let at = read - 1; at >= 0; at -= 1)
        if (block[at] === NEWLINE) {
          if (lines === count) return { at: from + at + 1, lines };
          lines += 1;
        }
      end = from;
    }
    return { at: 0, lines };
  } finally {
    closeSync(fd);
  }
};

/** Lines of the log, over the borders of its files. It owns the file that it reads. */
export class LogReader {
  readonly #path: string;
  #reader: LineReader | undefined;

  /** Begins before the last `last` lines of all files. */
  constructor(path: string, last: number) {
    this.#path = path;
    let wanted = last;
    for (const { name } of existing(path)) {
      const { at, lines } = placeOfLast(name, wanted);
      this.#reader?.close();
      this.#reader = new LineReader(name, at);
      wanted -= lines;
      if (wanted <= 0) break;
    }
  }

  /** Whether there is a log at all. */
  get isThere(): boolean {
    return this.#reader !== undefined;
  }

  /** What has come since; empty: nothing for now. */
  more(): readonly string[] {
    const reader = this.#reader;
    const lines = reader?.more() ?? [];
    if (lines.length > 0) return lines;
    const newer = this.#newer();
    if (newer === undefined) return [];
    // Nothing is written to a file any more once it has another name: but perhaps there was since we looked.
    const rest = reader?.last() ?? [];
    this.close();
    this.#reader = newer;
    return rest.length > 0 ? rest : this.more();
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  /** The file behind the one that is read; undefined: that is the newest one. */
  #newer(): LineReader | undefined {
    const found = existing(this.#path);
    const at = found.findIndex(({ inode }) => inode === this.#reader?.inode);
    const next = found[(at === -1 ? found.length : at) - 1];
    if (next === undefined) return undefined;
    const reader = new LineReader(next.name);
    if (reader.inode === next.inode) return reader;
    reader.close(); // they were renamed meanwhile: at the next look
    return undefined;
  }
}
