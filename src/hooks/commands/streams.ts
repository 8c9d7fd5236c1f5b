/**
 * What a hook reads and prints to: a file without a name, and two pipes. Those of the next hook are made while one runs,
 * because the making takes a good part of what a small hook takes.
 *
 * A pipe of Node's is a socket, which cannot be opened again as `/dev/stdin` or `/dev/stderr`, and bash takes one on its
 * standard input for a login from afar. A named pipe whose writer is done would be waited for when it is opened again.
 */

import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolderSync } from '../../platform/make-folder.ts';
import { type Pipe, type Pipes, pipesFolder } from '../../tools/commands/pipes.ts';

export interface Streams {
  /** A descriptor, at the beginning of what is read. */
  readonly input: number;
  /** undefined: there are no named pipes here. */
  readonly stdout: Pipe | undefined;
  readonly stderr: Pipe | undefined;
}

export class ReadyStreams {
  readonly #folder: string;
  readonly #pipes: Pipes;
  #ready: Promise<Streams> | undefined;
  #lastId = 0;

  constructor(mark: string, pipes: Pipes) {
    this.#folder = pipesFolder(mark);
    this.#pipes = pipes;
  }

  /** Rejects when they cannot be made. The caller closes them by `closeOurs`. */
  async take(input: string): Promise<Streams> {
    const ready = this.#ready ?? this.#make();
    this.#ready = undefined; // another may take while this one waits
    const streams = await ready;
    try {
      write(streams.input, input);
      return streams;
    } catch (error) {
      closeAll(streams);
      throw error;
    }
  }

  /** Makes those of the next one. */
  prepare(): void {
    this.#ready ??= this.#make();
    this.#ready.catch(() => undefined); // who takes them hears of it
  }

  async #make(): Promise<Streams> {
    const input = this.#openInput();
    const made: Pipe[] = [];
    try {
      for (let pipes = 0; pipes < 2; pipes += 1) {
        const pipe = await this.#pipes.take();
        if (pipe !== undefined) made.push(pipe);
      }
      return { input, stdout: made[0], stderr: made[1] };
    } catch (error) {
      closeAll({ input, stdout: made[0], stderr: made[1] });
      throw error;
    }
  }

  #openInput(): number {
    this.#lastId += 1;
    makeFolderSync(this.#folder);
    const path = join(this.#folder, `input-${this.#lastId}`);
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return fd;
  }
}

/** With a place for each write, the descriptor stays at the beginning. */
const write = (fd: number, text: string): void => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
};

/** The child has its own. */
export const closeOurs = ({ input, stdout, stderr }: Streams): void => {
  for (const fd of [input, stdout?.writer, stderr?.writer]) if (fd !== undefined) closeSync(fd);
};

export const closeAll = (streams: Streams): void => {
  closeOurs(streams);
  for (const pipe of [streams.stdout, streams.stderr]) pipe?.reader.destroy();
};
