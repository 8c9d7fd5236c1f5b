/**
 * A lock between processes, by files alone: who wants it puts a file with a name of its own into the folder, then
 * looks whether another one's is there.
 *
 * 1. Of two who hold it, one put its file there before the other did, so the other one saw it: there are no two.
 * 2. A file names its process, by number and by when it began. That of a dead one is taken away by whoever sees
 *    it; as no name comes twice, nobody's living lock goes with it.
 * 3. Processes of another container cannot be looked at: their files count for a minute, and a lock is held for
 *    one change of one session.
 */
import { readlinkSync } from 'node:fs';
import { open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../../model/errors.ts';
import { type Clock, pause } from '../../../otp/clock.ts';
import { systemRandom } from '../../../otp/system-clock.ts';
import { makeFolder } from '../../../platform/make-folder.ts';
import { startTimeOf } from '../../../platform/process-start.ts';

/** Longest wait for a lock. */
const TIMEOUT_MS = 10_000;
/** Between two looks at a lock that somebody holds: at random, so that two do not step aside for ever. */
const MAX_PAUSE_MS = 8;
/** How often the folder is made anew. */
const MAX_TRIES = 10;
/** How long a file of another container counts. */
const FOREIGN_MS = 60_000;

const ENDING = '.lock';

export interface LockOptions {
  readonly clock: Clock;
  /** Longest wait for a lock, in milliseconds; default 10,000. */
  readonly timeoutMs?: number | undefined;
}

export class ProcessLock {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #place = placeOf();
  readonly #began = beganOf(process.pid);
  #count = 0;

  constructor(dir: string, { clock, timeoutMs = TIMEOUT_MS }: LockOptions) {
    this.#dir = dir;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** A name that no other process, and no later call, makes: `<name>.<place>.<pid>.<began>.<count>`. */
  uniqueName(name: string): string {
    this.#count += 1;
    const chance = Math.floor(systemRandom() * 1e9).toString(36);
    return `${name}.${this.#place}.${process.pid}.${this.#began}.${this.#count}-${chance}`;
  }

  /** Whether the process that made this name is gone. */
  async isLeftOver(path: string, uniqueName: string): Promise<boolean> {
    const [, place, pid, began] = uniqueName.split('.');
    if (place === this.#place) return beganOf(Number(pid)) !== began;
    const madeMs = (await stat(path).catch(() => undefined))?.mtimeMs;
    return madeMs === undefined || this.#clock.now() - madeMs > FOREIGN_MS;
  }

  /** Does the work while nobody else holds `name`. Throws `unavailable` when somebody does for too long. */
  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const path = await this.#take(name);
    try {
      return await work();
    } finally {
      await unlink(path).catch(ignore('ENOENT'));
    }
  }

  /** Takes the folder away, if nobody holds anything. */
  async clear(): Promise<void> {
    await rmdir(this.#dir).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }

  async #take(name: string): Promise<string> {
    const untilMs = this.#clock.monotonic() + this.#timeoutMs;
    for (;;) {
      const path = (await this.#isFree(name)) ? await this.#try(name) : undefined;
      if (path !== undefined) return path;
      if (this.#clock.monotonic() >= untilMs)
        throw new StorageError(
          `another process holds session ${name} for more than ${this.#timeoutMs} ms`,
          { retryAfterMs: 1_000 },
          'unavailable',
        );
      await pause(this.#clock, systemRandom() * MAX_PAUSE_MS);
    }
  }

  /** Our file, if it stands there alone. */
  async #try(name: string): Promise<string | undefined> {
    const file = `${this.uniqueName(name)}${ENDING}`;
    const path = join(this.#dir, file);
    await this.#put(path);
    if (await this.#isFree(name, file)) return path;
    await unlink(path).catch(ignore('ENOENT'));
    return undefined;
  }

  /** The folder may be missing, or taken away by one that closes: a few times in a row, at most. */
  async #put(path: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await (await open(path, 'wx', 0o600)).close();
      } catch (error) {
        if (tries === MAX_TRIES) throw error;
        ignore('ENOENT')(error);
        await makeFolder(this.#dir);
      }
    }
  }

  async #isFree(name: string, except?: string): Promise<boolean> {
    const files = await readdir(this.#dir).catch((error: unknown) => {
      ignore('ENOENT')(error);
      return [];
    });
    let isFree = true;
    for (const file of files) {
      if (file === except || !file.startsWith(`${name}.`) || !file.endsWith(ENDING)) continue;
      const path = join(this.#dir, file);
      if (await this.isLeftOver(path, file)) await unlink(path).catch(ignore('ENOENT'));
      else isFree = false;
    }
    return isFree;
  }
}

/** Swallows these failures of the file system, and throws all others. */
export const ignore =
  (...codes: readonly string[]) =>
  (error: unknown): undefined => {
    if (!codes.includes(String((error as { code?: unknown } | null)?.code))) throw error;
  };

/** When a process began, as part of a file's name; nothing for one that is gone. */
const beganOf = (pid: number): string => plainName(startTimeOf(pid) ?? '');

/** Where process numbers mean the same as here. */
const placeOf = (): string => {
  try {
    return plainName(readlinkSync('/proc/self/ns/pid'));
  } catch {
    return plainName(hostname());
  }
};

const plainName = (text: string): string => text.replaceAll(/[^A-Za-z0-9]/g, '');
