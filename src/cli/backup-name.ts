/** What people type for a backup: its id, the beginning of its id as long as only one begins so, or `last` for the newest of this store. */
import { GreenroomError } from '../model/errors.ts';
import type { WhichBackups } from '../session/ports/backups.ts';
import type { BackupView } from '../session/verbs/backup-verbs.ts';
import { CliError } from './failure.ts';
import { LAST } from './session-name.ts';

/** Backups that an ambiguous beginning names. */
const MAX_NAMED = 10;
const WHOLE = /^\d{8}T\d{9}Z-[0-9a-f]{6}-[0-9a-f]{16}$/;
/** An id begins with its moment, which people write with strokes. */
const MOMENT = /^\d{4}-[\dT:.-]*Z?$/;

export type ListBackups = (
  which: WhichBackups,
) => Promise<readonly Pick<BackupView, 'backupId' | 'isOurs'>[]>;

/** The whole id. Looks at the place only where that is not what was typed. Rejects with `backup_not_found`. */
export const backupNamed = async (words: string, list: ListBackups): Promise<string> => {
  if (WHOLE.test(words)) return words;
  return words === LAST ? newest(list) : beginningWith(list, words.replace(/…$/, ''));
};

/** Never another store's: whoever deletes the last one means their own. */
const newest = async (list: ListBackups): Promise<string> => {
  const [last] = await list({ limit: 1, isOurs: true });
  if (last !== undefined) return last.backupId;
  throw notFound('there is no backup of this store at that place, so there is no last one');
};

const beginningWith = async (list: ListBackups, words: string): Promise<string> => {
  const beginning = MOMENT.test(words) ? words.replaceAll(/[-:.]/g, '') : words;
  const found = beginning === '' ? [] : await list({ limit: MAX_NAMED, beginning });
  const ids = found.map(({ backupId }) => backupId);
  const [only, other] = ids;
  if (only === undefined) throw notFound(`there is no backup ${words}, and none that begins so`);
  if (other === undefined) return only;
  throw new CliError(
    2,
    `${words} is the beginning of several backups: ${ids.join(', ')}`,
    'write more of the id',
  );
};

const notFound = (message: string): GreenroomError =>
  new GreenroomError('backup_not_found', message);
