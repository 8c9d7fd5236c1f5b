/**
 * What a hook reads, as a file without a name. A pipe of Node's is a socket, which cannot be opened again as `/dev/stdin`;
 * a named pipe whose writer is done would be waited for there.
 */
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A descriptor for a child; the caller closes its own. @param folder made where it is missing. */
export const openInput = (folder: string, id: number, text: string): number => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `input-${id}`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    const bytes = Buffer.from(text);
    // With a place for each write, the descriptor stays at the beginning.
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};
