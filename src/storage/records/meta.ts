/**
 * The store's own record: its id, its format, and its owner, which is who opened it last: the epoch counts openings, and
 * a name drawn for each tells two apart that count alike. A change of any other owner is refused.
 */
import { randomBytes } from 'node:crypto';
import { StorageError } from '../../model/errors.ts';
import type { Owner, WriteTables } from './apply-batch.ts';
import { packValue, readValue, record } from './frame.ts';
import { metaKey, UPKEEP } from './keys.ts';
import { FORMAT_VERSION, type StoreIdentity } from './store.ts';

const OWNER_BYTES = 9;
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

// biome-ignore lint/plugin: it must be the only one in the world, which dice that can be played again are not
const newOwner = (): string => randomBytes(OWNER_BYTES).toString('base64url');

/** Begins the next epoch, in a transaction of its own before anything else. */
export const takeOver = (tables: WriteTables, newStoreId: string): Claim => {
  const found = readMeta(tables);
  if (found !== undefined) mustKnowFormat(found);
  const identity = {
    storeId: found?.storeId ?? newStoreId,
    formatVersion: FORMAT_VERSION,
    epoch: (found?.epoch ?? 0) + 1,
    owner: newOwner(),
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

/** Who owns the store now: the claimant, unless somebody else opened it since. */
export const ownerNow = (tables: Readable, { identity, bytes }: Claim): Owner => {
  const stored = tables.get(UPKEEP, KEY);
  if (stored?.equals(bytes) === true) return ownerOf(identity);
  return ownerOf(readMeta(tables));
};

/** As the store's record says; a store that was never opened, or by an older version, names nobody. */
export const ownerOf = (identity: Partial<StoreIdentity> | undefined): Owner => ({
  epoch: identity?.epoch ?? 0,
  owner: Buffer.from(identity?.owner ?? '', 'latin1'),
});
