/**
 * What one command prints: decoded as it comes, bounded in memory, and in a file once it is too much for a message.
 *
 * 1. It keeps at most `INLINE_CHARS` of what was not read yet; of more, the beginning and the end.
 * 2. What a reader does not see whole is whole in the file, as far as the file may grow.
 * 3. Bytes that are no UTF-8 and NULs become U+FFFD: they are of no use to a reader, and some stores refuse a NUL.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { makeFolder } from '../../platform/make-folder.ts';
import type { Printed } from './wire.ts';

/** What a message may hold of a command that did well. */
export const INLINE_CHARS = 30_000;
/** The same of one that failed: its beginning and its end say why. */
export const FAILURE_CHARS = 10_000;
/** Of each end of what is cut. */
const EDGE_CHARS = FAILURE_CHARS / 2;
/** What one command may print: it is ended there. */
export const MAX_BYTES = 64 * 1024 * 1024;

const MODE = 0o600;
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

export class Output {
  readonly #path: string;
  readonly #decoder = new StringDecoder('utf8');
  readonly #maxBytes: number;
  #bytes = 0;
  /** Of what is not read yet: the beginning, the end and how much there is. */
  #head = '';
  #tail = '';
  #chars = 0;
  #file: FileHandle | undefined;
  #fault: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param maxBytes for tests. */
  constructor(path: string, maxBytes = MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** False once it has all that it may have. */
  take(chunk: Buffer): Promise<boolean> {
    return this.#inOrder(async () => {
      const room = this.#maxBytes - this.#bytes;
      const taken = chunk.subarray(0, room);
      this.#bytes += taken.length;
      await this.#add(this.#decoder.write(taken));
      return chunk.length < room;
    });
  }

  /** From now on all of it goes to the file. */
  open(): Promise<void> {
    return this.#inOrder(() => this.#open());
  }

  /** What was not read yet; it is read by that. */
  read(limit: number): Promise<Printed> {
    return this.#inOrder(() => this.#read(limit));
  }

  /** The same, when nothing more comes. */
  close(limit: number): Promise<Printed> {
    return this.#inOrder(async () => {
      await this.#add(this.#decoder.end());
      const printed = await this.#read(limit);
      await this.#file?.close().catch(() => undefined);
      this.#file = undefined;
      return printed;
    });
  }

  /** Two streams and a reader share it, and each of them waits for the file. */
  #inOrder<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #open(): Promise<void> {
    if (this.#file !== undefined || this.#fault !== undefined) return;
    try {
      await makeFolder(dirname(this.#path));
      this.#file = await open(this.#path, FLAGS, MODE);
      await this.#file.write(this.#head);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #read(limit: number): Promise<Printed> {
    const isCut = this.#chars > limit;
    if (isCut) await this.#open();
    const printed = isCut ? this.#edges() : { text: this.#head, ...this.#place() };
    this.#head = '';
    this.#tail = '';
    this.#chars = 0;
    return printed;
  }

  async #add(raw: string): Promise<void> {
    const text = raw.replaceAll('\0', '\uFFFD');
    if (text === '') return;
    if (this.#chars + text.length > INLINE_CHARS) await this.#open(); // with all that came before
    await this.#write(text);
    if (this.#head.length < INLINE_CHARS)
      this.#head += text.slice(0, INLINE_CHARS - this.#head.length);
    this.#tail = (this.#tail + text).slice(-EDGE_CHARS);
    this.#chars += text.length;
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#file?.write(text);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#fault = (error as Error).message;
    void this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  #edges(): Printed {
    const text = withoutHalf(this.#head.slice(0, EDGE_CHARS));
    const tail = withoutHalf(this.#tail);
    const left = this.#chars - text.length - tail.length;
    return { text, cut: { tail, left }, ...this.#place() };
  }

  #place(): Pick<Printed, 'path' | 'fault'> {
    if (this.#fault !== undefined) return { fault: this.#fault };
    return this.#file === undefined ? {} : { path: this.#path };
  }
}

/** A cut between the two halves of a character leaves one that no JSON may hold. */
const withoutHalf = (text: string): string =>
  text.replace(/^[\uDC00-\uDFFF]/, '').replace(/[\uD800-\uDBFF]$/, '');
