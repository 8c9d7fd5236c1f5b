/**
 * The store's own record: its id, its format, and the epoch, which counts openings. Whoever opened the
 * store last owns it: an earlier writer that still lives finds another epoch and is refused.
 */
import { StorageError } from '../../model/errors.ts';
import type { WriteTables } from './apply-batch.ts';
import { packValue, readValue, record } from './frame.ts';
import { metaKey, UPKEEP } from './keys.ts';
import { FORMAT_VERSION, type StoreIdentity } from './store.ts';

const KEY = Buffer.from(metaKey, 'latin1');

type Readable = Pick<WriteTables, 'get'>;

export const readMeta = (tables: Readable): StoreIdentity | undefined => {
  const bytes = tables.get(UPKEEP, KEY);
  return bytes === undefined ? undefined : (readValue(metaKey, bytes) as StoreIdentity);
};

/** The store's record as its owner wrote it: another one there is another owner's. */
export interface Claim {
  readonly identity: StoreIdentity;
  readonly bytes: Buffer;
}

/** Begins the next epoch, in a transaction of its own before anything else. */
export const takeOver = (tables: WriteTables, newStoreId: string): Claim => {
  const found = readMeta(tables);
  if (found !== undefined) mustKnowFormat(found);
  const identity = {
    storeId: found?.storeId ?? newStoreId,
    formatVersion: FORMAT_VERSION,
    epoch: (found?.epoch ?? 0) + 1,
  };
  const bytes = record(metaKey, packValue, identity);
  tables.put(UPKEEP, KEY, bytes);
  return { identity, bytes };
};

export const mustKnowFormat = ({ formatVersion }: StoreIdentity): void => {
  if (!Number.isInteger(formatVersion) || formatVersion < 1 || formatVersion > FORMAT_VERSION)
    throw new StorageError(
      `the store has format ${formatVersion}, this version knows formats up to ${FORMAT_VERSION}: use the version that made it`,
    );
};

/** Epoch of who owns the store now: the claimant's, unless somebody else opened it since. */
export const ownerEpoch = (tables: Readable, { identity, bytes }: Claim): number => {
  const stored = tables.get(UPKEEP, KEY);
  if (stored?.equals(bytes) === true) return identity.epoch;
  return readMeta(tables)?.epoch ?? 0;
};
