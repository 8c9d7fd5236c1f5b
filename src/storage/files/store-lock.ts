/**
 * The lock of a store: a unix socket `lock` in its directory, which dies with the process that listens
 * on it, whatever kills that. A second opener is told who holds it; a socket that nobody answers is
 * left over and is taken away. It works between containers that share the directory, where process
 * ids mean nothing.
 *
 * A holder that is letting go of the store says so and keeps the line open until it has: so a journal
 * that restarts waits for its forerunner, whose commits under way may take their time. One that is ending
 * says nothing, and the line closes when it has gone: then it is looked again.
 *
 * Taking over a dead socket leaves a moment in which two could do it; the store's epoch decides then.
 */
import { closeSync, openSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../model/errors.ts';
import { systemClock } from '../../otp/system-clock.ts';
import { makeFolder } from '../../platform/make-folder.ts';

const LOCK_FILE = 'lock';
const MAX_TRIES = 5;
const ANSWER_TIMEOUT_MS = 2_000;
/** Longest wait for a holder that is letting go: as long as a commit may take, and a little. */
const RELEASE_TIMEOUT_MS = 15_000;
/** Longest path of a unix socket, in bytes: `sun_path` less its end, of the systems that we run on. */
const MAX_SOCKET_PATH = 100;

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** It will be gone as soon as it can: whoever asks may wait for the line to close. */
  readonly isReleasing?: boolean;
}

export class StoreLock {
  readonly #holding: Holding;
  readonly #directory: Directory;

  private constructor(holding: Holding, directory: Directory) {
    this.#holding = holding;
    this.#directory = directory;
  }

  /**
   * Waits up to 15 s for a holder that is letting go of it. Throws `in_use` with a sentence that names the
   * holder, as `ownerPid` where it holds the lock for another process.
   */
  static async take(dir: string, nowMs: number, ownerPid = process.pid): Promise<StoreLock> {
    await makeFolder(dir);
    const directory = new Directory(dir);
    const since = new Date(nowMs).toISOString();
    const holding = new Holding({ pid: ownerPid, host: hostname(), since });
    try {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        if (await holding.listen(directory.socketPath)) return new StoreLock(holding, directory);
        await removeDead(dir, directory.socketPath);
      }
      throw inUse(`the store in ${dir} is being opened by somebody else`);
    } catch (error) {
      directory.close();
      throw error;
    }
  }

  /** Whoever asks from now on is told to wait for the release. */
  announceRelease(): void {
    this.#holding.isReleasing = true;
  }

  async release(): Promise<void> {
    await this.#holding.end();
    this.#directory.close();
  }
}

/** The holder's end of the socket: tells everyone who asks who holds the lock. */
class Holding {
  isReleasing = false;
  readonly #holder: LockHolder;
  readonly #waiting = new Set<Socket>();
  #server = createServer();

  constructor(holder: LockHolder) {
    this.#holder = holder;
  }

  /** False if something stands at the path. A crash of the listener leaves the path behind. */
  listen(path: string): Promise<boolean> {
    // An owner's end that came before the question is heard of before the answer, in this turn of the loop.
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      systemClock.defer(() => this.#answer(socket));
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      server.listen(path, () => {
        server.unref();
        resolve(true);
      });
    });
  }

  /** The path is free before those who wait hear of it. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#waiting) socket.destroySoon();
    });
  }

  #answer(socket: Socket): void {
    const { isReleasing } = this;
    socket.write(`${JSON.stringify({ ...this.#holder, isReleasing })}\n`);
    if (!isReleasing) return void socket.end();
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
  }
}

/**
 * Throws if somebody answers at the path and stays; else removes what stands there, unless it changed
 * meanwhile. Waits for a holder that is letting go.
 */
const removeDead = async (dir: string, path: string): Promise<void> => {
  const before = fileAt(path);
  const answer = await ask(path);
  if (answer?.hasGone === true) return;
  if (answer !== null)
    throw inUse(
      `the store in ${dir} is in use by ${answer.holder}: stop it first, or use another data directory`,
    );
  if (before !== null && fileAt(path) === before) unlinkSync(path);
};

const inUse = (message: string): StorageError => new StorageError(message, {}, 'in_use');

/** Which file stands there: a number is given again, but not within the same moment. */
const fileAt = (path: string): string | null => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.ino} ${found.ctimeNs}`;
};

/** Who holds the lock, in words, and whether the holder let go of it, or was ending, while we waited. */
interface Answer {
  readonly holder: string;
  readonly hasGone: boolean;
}

const NOBODY: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT']);

/** Null when nobody listens. */
const ask = (path: string): Promise<Answer | null> =>
  new Promise((resolve, reject) => {
    let text = '';
    let isTooLate = false;
    const socket = connect(path);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      isTooLate = true;
      socket.destroy();
    });
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (read(text)?.isReleasing === true) socket.setTimeout(RELEASE_TIMEOUT_MS);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A line that was reset before a word had not been answered: the holder has gone meanwhile.
      if (NOBODY.has(error.code)) resolve(null);
      else if (text === '') reject(error);
    });
    socket.on('close', () => {
      const holder = read(text);
      const hasGone = !isTooLate && (text === '' || holder?.isReleasing === true);
      resolve({ holder: describe(holder), hasGone });
    });
  });

/** Null for what is not whole, or not of ours. */
const read = (text: string): LockHolder | null => {
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return null;
  }
};

const describe = (holder: LockHolder | null): string =>
  holder === null
    ? 'a process that does not say who it is'
    : `process ${holder.pid} on ${holder.host} since ${holder.since}`;

/**
 * A path to the socket that is short enough. Where the directory's own is too long, Linux reaches it
 * through the open directory.
 */
class Directory {
  readonly socketPath: string;
  readonly #descriptor: number | null = null;

  constructor(dir: string) {
    const plain = join(dir, LOCK_FILE);
    this.socketPath = plain;
    if (Buffer.byteLength(plain) <= MAX_SOCKET_PATH) return;
    if (process.platform !== 'linux')
      throw new StorageError(
        `the path of ${plain} is too long for a lock: at most ${MAX_SOCKET_PATH} bytes`,
      );
    this.#descriptor = openSync(dir, 'r');
    this.socketPath = `/proc/self/fd/${this.#descriptor}/${LOCK_FILE}`;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
  }
}
