/** What a process holds besides memory: open descriptors, and what its folder takes of the disk. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** NaN where the kernel does not say. */
export const descriptorsOf = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
};

const BLOCK_BYTES = 512;

/** Blocks that are allocated, of all files below; those that go meanwhile count nothing. */
export const diskBytesOf = (folder: string): number => {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    bytes += (lstatSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0) * BLOCK_BYTES;
  return bytes;
};
