/**
 * `store.json` beside LMDB's files: says that here is a store, and which. It is written once the store
 * is on disk and before its first commit, so a data file that is missing, empty or cut off beside it
 * is a loss to be told of, never a new store.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../model/errors.ts';
import { takeCleanEnd } from '../files/clean-end.ts';
import { DATA_FILE } from '../files/data-file.ts';
import { writeDurably } from '../files/durable-files.ts';
import { inspectAside } from '../files/inspect-aside.ts';
import type { StoreIdentity } from '../records/store.ts';
import { verifyInChild } from './verify.ts';
import type { VerifyReport } from './verify-tables.ts';

const STORE_FILE = 'store.json';
/** More than the first transaction of a new store takes. */
const PROBE_BYTES = 64 * 1024;

export interface StoreFile extends Pick<StoreIdentity, 'storeId' | 'formatVersion'> {
  /** Which copy of the store this is: each restored one has its own; absent: the original. */
  readonly copy?: string;
}

export interface Looked {
  /** What `store.json` says; null: there is none. */
  readonly stored: StoreFile | null;
  /** Not all pages were walked: that is to be done beside the work. */
  readonly isUnfinished?: true;
}

/** Looks before LMDB opens anything. Throws `storage_failed` for a store that has lost its data. */
export const mustBeSound = async (dir: string): Promise<Looked> => {
  const stored = readStoreFile(dir);
  const path = join(dir, DATA_FILE);
  const state = await inspectAside(path, takeCleanEnd(dir));
  switch (state.kind) {
    case 'sound':
      return { stored };
    case 'unfinished':
      return { stored, isUnfinished: true };
    case 'absent':
      if (stored !== null) throw lost(path, 'is missing', stored);
      mustTakeWrites(dir);
      return { stored };
    case 'broken':
      // Created and never written: nothing was ever acknowledged from it.
      if (stored !== null || state.why !== 'is empty') throw lost(path, state.why, stored);
      mustTakeWrites(dir);
      return { stored };
    case 'doubtful': {
      const verdict = await verifyInChild(dir);
      if (verdict.isSound || isReadable(verdict.report)) return { stored };
      throw lost(path, `${state.why}, and ${verdict.why}`, stored);
    }
  }
};

/** What only does not fit together costs the sessions that it is of. */
const isReadable = (report: VerifyReport | undefined): boolean =>
  report?.unreadable === 0 && report.fileFault === undefined;

/** Notes the store's identity, and a newer format. Throws if the directory says another one. */
export const keepStoreFile = (
  dir: string,
  found: StoreFile | null,
  identity: StoreFile,
): StoreFile => {
  const { storeId, formatVersion } = identity;
  const copy = found?.copy ?? identity.copy;
  const now = { storeId, formatVersion, ...(copy === undefined ? {} : { copy }) };
  if (found !== null && found.storeId !== storeId)
    throw new StorageError(
      `${join(dir, STORE_FILE)} names store ${found.storeId}, its data file is of ${storeId}: one of them belongs elsewhere`,
    );
  if (found?.formatVersion !== formatVersion)
    writeDurably(dir, STORE_FILE, `${JSON.stringify(now)}\n`);
  return now;
};

/** LMDB crashes the process when it cannot write the first pages of a new file. */
const mustTakeWrites = (dir: string): void => {
  const probe = join(dir, `${DATA_FILE}.new`);
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES), { flush: true });
  } catch (cause) {
    const { message } = cause as Error;
    throw new StorageError(`no new store can be written in ${dir}: ${message}`, { cause });
  } finally {
    rmSync(probe, { force: true });
  }
};

/** Which store lies in this folder; null: none yet. Throws `storage_failed` for a file that is none of ours. */
export const readStoreFile = (dir: string): StoreFile | null => {
  const path = join(dir, STORE_FILE);
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StoreFile;
  } catch (cause) {
    throw new StorageError(`${path} is not JSON: restore it from a backup`, { cause });
  }
};

const lost = (path: string, why: string, stored: StoreFile | null): StorageError =>
  new StorageError(
    `${path} ${why}: ${
      stored === null
        ? 'move it away to begin a new store'
        : `store ${stored.storeId} cannot be opened; restore it from a backup`
    }`,
  );
