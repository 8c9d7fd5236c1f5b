/**
 * Pipes for what commands print. What Node gives a child for that are sockets, which cannot be opened again by name:
 * `echo x > /dev/stderr` would fail. Node makes no pipes; a named one is a pipe like any other once its name is gone.
 *
 * Names are made many at a time, in a folder of the launcher's own, which goes away with it.
 */

import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { makeFolderSync } from '../../platform/make-folder.ts';

const run = promisify(execFile);
const BATCH = 64;
const MAKE_MS = 10_000;

/** By the launcher's mark, so that its owner can take away what a dead one has left. */
export const pipesFolder = (mark: string): string => join(tmpdir(), `greenroom-${mark}`);

export const removePipes = (mark: string): void =>
  rmSync(pipesFolder(mark), { recursive: true, force: true });

export interface Pipe {
  readonly reader: Readable;
  /** For a child; the caller closes its own. */
  readonly writer: number;
}

export class Pipes {
  readonly #folder: string;
  readonly #names: string[] = [];
  #made = 0;
  #making: Promise<void> | undefined;

  constructor(mark: string) {
    this.#folder = pipesFolder(mark);
  }

  /** undefined: there are no named pipes here. Throws when there are no descriptors left. */
  async take(): Promise<Pipe | undefined> {
    while (this.#names.length === 0) {
      try {
        this.#making ??= this.#make().finally(() => {
          this.#making = undefined;
        });
        await this.#making;
      } catch {
        return undefined;
      }
    }
    const name = this.#names.pop();
    if (name === undefined) return undefined;
    try {
      return opened(name);
    } catch (error) {
      this.#names.push(name);
      throw error;
    }
  }

  async #make(): Promise<void> {
    makeFolderSync(this.#folder);
    this.#made += 1;
    const names = Array.from({ length: BATCH }, (_, n) => join(this.#folder, `${this.#made}-${n}`));
    await run('mkfifo', ['-m', '600', ...names], { timeout: MAKE_MS });
    this.#names.push(...names);
  }
}

/** The reader first: the writer would wait for it. */
const opened = (name: string): Pipe => {
  const fd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const writer = openSync(name, constants.O_WRONLY);
    unlinkSync(name);
    return { reader: new Socket({ fd, readable: true, writable: false }), writer };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};
