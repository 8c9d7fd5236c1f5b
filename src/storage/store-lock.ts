/**
 * The lock of a store: a unix socket `lock` in its directory, which dies with the process that listens
 * on it, whatever kills that. A second opener is told who holds it; a socket that nobody answers is
 * left over and is taken away. It works between containers that share the directory, where process
 * ids mean nothing.
 *
 * Taking over a dead socket leaves a moment in which two could do it; the store's epoch decides then.
 */
import { closeSync, mkdirSync, openSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../session/errors.ts';

const LOCK_FILE = 'lock';
const MAX_TRIES = 5;
const ANSWER_TIMEOUT_MS = 2_000;
/** Longest path of a unix socket, in bytes: `sun_path` less its end, of the systems that we run on. */
const MAX_SOCKET_PATH = 100;

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

export class StoreLock {
  readonly #server: Server;
  readonly #directory: Directory;

  private constructor(server: Server, directory: Directory) {
    this.#server = server;
    this.#directory = directory;
  }

  /** Throws `storage_failed` with a sentence that names the holder. */
  static async take(dir: string, nowMs: number): Promise<StoreLock> {
    mkdirSync(dir, { recursive: true });
    const directory = new Directory(dir);
    const holder: LockHolder = {
      pid: process.pid,
      host: hostname(),
      since: new Date(nowMs).toISOString(),
    };
    try {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const server = await listen(directory.socketPath, `${JSON.stringify(holder)}\n`);
        if (server !== null) return new StoreLock(server, directory);
        await removeDead(dir, directory.socketPath);
      }
      throw new StorageError(`the store in ${dir} is being opened by somebody else`);
    } catch (error) {
      directory.close();
      throw error;
    }
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        this.#directory.close();
        resolve();
      });
    });
  }
}

/** Listens, unless something stands at the path. A crash of the listener leaves the path behind. */
const listen = (path: string, greeting: string): Promise<Server | null> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(greeting);
    });
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });

/** Throws if somebody answers at the path; else removes what stands there, unless it changed meanwhile. */
const removeDead = async (dir: string, path: string): Promise<void> => {
  const before = inode(path);
  const answer = await ask(path);
  if (answer !== null)
    throw new StorageError(
      `the store in ${dir} is in use by ${answer}: stop it first, or use another data directory`,
    );
  if (before !== null && inode(path) === before) unlinkSync(path);
};

const inode = (path: string): number | null =>
  statSync(path, { throwIfNoEntry: false })?.ino ?? null;

/** The holder in words, or null when nobody listens. */
const ask = (path: string): Promise<string | null> =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(null);
      else if (text === '') reject(error);
    });
    socket.on('close', () => resolve(describe(text)));
  });

const describe = (text: string): string => {
  try {
    const { pid, host, since } = JSON.parse(text) as LockHolder;
    return `process ${pid} on ${host} since ${since}`;
  } catch {
    return 'a process that does not say who it is';
  }
};

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
