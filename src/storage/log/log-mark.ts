/**
 * The commit log's place in LMDB: a record that names the generation of the log that counts, and what an
 * opening does with the groups that it finds there.
 */
import { randomInt } from 'node:crypto';
import { StorageError } from '../../model/errors.ts';
import { applyGroup, type WriteTables } from '../records/apply-batch.ts';
import { packValue, readValue, record } from '../records/frame.ts';
import { type Key, logKey, UPKEEP } from '../records/keys.ts';
import { ownerOf, readMeta } from '../records/meta.ts';
import { LOG_FILE } from './commit-log.ts';
import { type Group, groupsOf } from './log-reader.ts';

export interface LogMark {
  /** What was logged under it is not in LMDB yet. */
  readonly generation: number;
  /** Whether something may have been logged: then a log that is missing is a loss. */
  readonly inUse: boolean;
}

const KEY = Buffer.from(logKey, 'latin1');
const MAX_GENERATION = 2 ** 47;

/** Drawn anew at each opening: a log that somebody moved here from elsewhere, or from an older day, must not be taken for ours. */
export const newGeneration = (): number =>
  // biome-ignore lint/plugin: it must be the only one in the world, which dice that can be played again are not
  randomInt(1, MAX_GENERATION);

export const readMark = (tables: Pick<WriteTables, 'get'>): LogMark | undefined => {
  const bytes = tables.get(UPKEEP, KEY);
  return bytes === undefined ? undefined : (readValue(logKey, bytes) as LogMark);
};

export const putMark = (tables: WriteTables, mark: LogMark): void =>
  tables.put(UPKEEP, KEY, record(logKey, packValue, mark));

/**
 * What was logged and is not in these tables. Throws `storage_failed` for a log that is damaged or gone.
 * @param log as it was before the tables were looked at, if somebody may be writing: else a checkpoint between the two would hide what it holds.
 */
export const loggedGroups = (
  tables: Pick<WriteTables, 'get'>,
  log: Buffer | undefined,
): readonly Group[] => {
  const mark = readMark(tables);
  if (mark === undefined) return [];
  if (log !== undefined) return groupsOf(log, mark.generation);
  if (!mark.inUse) return [];
  throw new StorageError(
    `${LOG_FILE} is missing, and with it perhaps the last commits of the process that ended here: put it back, restore the store from a backup, or make an empty file of that name to open the store as it was before them`,
  );
};

/**
 * Brings what was logged into the tables, and says that nothing is logged any more. To be called in a
 * transaction, before another owner takes over: the groups are judged as they were when they were logged.
 * @param changed gets the prefixes of the sessions that they have changed.
 */
export const takeIn = (tables: WriteTables, log: Buffer | undefined, changed?: Set<Key>): void => {
  const owner = ownerOf(readMeta(tables));
  for (const group of loggedGroups(tables, log)) applyGroup(tables, group, owner, changed);
  putMark(tables, { generation: newGeneration(), inUse: false });
};
