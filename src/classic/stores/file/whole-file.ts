/** Session files as wholes: put in place at once or not at all, and taken away, each durable when it resolves. */
import { link, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../../otp/clock.ts';
import { makeFolder } from '../../../platform/make-folder.ts';
import { ignore, type ProcessLock } from './process-lock.ts';

const TEMPORARY = '.tmp';

export interface Placing {
  readonly lock: ProcessLock;
  readonly clock: Clock;
  /** false: what stands there already stays, and the call fails with `EEXIST`. */
  readonly mayReplace: boolean;
}

export const putFile = async (
  path: string,
  text: string,
  { lock, clock, mayReplace }: Placing,
): Promise<void> => {
  const dir = dirname(path);
  await makeFolder(dir);
  await sweep(path, lock);
  const temporary = join(dir, `.${lock.uniqueName(nameOf(path))}${TEMPORARY}`);
  try {
    await write(temporary, text, clock);
    if (mayReplace) await rename(temporary, path);
    else await linkOnce(temporary, path);
    await syncFolder(dir);
    await syncFolder(dirname(dir));
  } catch (error) {
    await unlink(temporary).catch(ignore('ENOENT'));
    await rmdir(dir).catch(() => undefined); // ours if it is empty
    throw error;
  }
};

/** Removes the file, what a crash left beside it, and the folder if nothing else is in it. */
export const removeFile = async (path: string, lock: ProcessLock): Promise<void> => {
  const dir = dirname(path);
  await unlink(path);
  await sweep(path, lock);
  await rmdir(dir).catch(ignore('ENOTEMPTY', 'EEXIST', 'ENOENT'));
  await syncFolder(dirname(dir));
};

const nameOf = (path: string): string => basename(path, '.jsonl');

const write = async (path: string, text: string, clock: Clock): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    const seconds = clock.now() / 1_000;
    await file.utimes(seconds, seconds);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** A link never takes the place of another file; where the file system has none, the lock must do. */
const linkOnce = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to);
    await unlink(from);
  } catch (error) {
    ignore('EPERM', 'ENOTSUP', 'ENOSYS')(error);
    await (await open(to, 'wx', 0o600)).close();
    await rename(from, to);
  }
};

/** Temporary files of processes that are gone. */
const sweep = async (path: string, lock: ProcessLock): Promise<void> => {
  const dir = dirname(path);
  for (const file of await readdir(dir)) {
    if (!file.startsWith(`.${nameOf(path)}.`) || !file.endsWith(TEMPORARY)) continue;
    if (await lock.isLeftOver(join(dir, file), file.slice(1)))
      await unlink(join(dir, file)).catch(ignore('ENOENT'));
  }
};

/** Makes a new or a removed name durable; some systems cannot, and need not. */
const syncFolder = async (dir: string): Promise<void> => {
  const folder = await open(dir, 'r');
  try {
    await folder.sync().catch(ignore('EINVAL', 'EISDIR', 'ENOTSUP'));
  } finally {
    await folder.close();
  }
};
