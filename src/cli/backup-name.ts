/** What people type for a backup: its id, the beginning of its id as long as only one begins so, or `last` for the newest of this store. */
import { GreenroomError } from '../model/errors.ts';
import type { BackupView } from '../session/verbs/backup-verbs.ts';
import { CliError } from './failure.ts';
import { LAST } from './session-name.ts';

/** Backups that are looked through, newest first. */
export const LOOK_BACK = 1_000;
/** Backups that an ambiguous beginning names. */
const MAX_NAMED = 10;
const WHOLE = /^\d{8}T\d{9}Z-[0-9a-f]{6}-[0-9a-f]{16}$/;
/** An id begins with its moment, which people write with strokes. */
const MOMENT = /^\d{4}-[\dT:.-]*Z?$/;

type Found = readonly Pick<BackupView, 'backupId' | 'isOurs'>[];

/** The whole id. Looks at the place only where that is not what was typed. Rejects with `backup_not_found`. */
export const backupNamed = async (words: string, list: () => Promise<Found>): Promise<string> => {
  if (WHOLE.test(words)) return words;
  const found = await list();
  return words === LAST ? newest(found) : beginningWith(found, words.replace(/…$/, ''));
};

/** Never another store's: whoever deletes the last one means their own. */
const newest = (found: Found): string => {
  const last = found.find(({ isOurs }) => isOurs);
  if (last !== undefined) return last.backupId;
  throw notFound('there is no backup of this store at that place, so there is no last one');
};

const beginningWith = (found: Found, words: string): string => {
  const beginning = MOMENT.test(words) ? words.replaceAll(/[-:.]/g, '') : words;
  const ids = found.map(({ backupId }) => backupId).filter((id) => id.startsWith(beginning));
  const [only, other] = ids;
  if (only === undefined || beginning === '')
    throw notFound(`there is no backup ${words}, and none that begins so`);
  if (other === undefined) return only;
  throw new CliError(
    2,
    `${words} is the beginning of several backups: ${ids.slice(0, MAX_NAMED).join(', ')}`,
    'write more of the id',
  );
};

const notFound = (message: string): GreenroomError =>
  new GreenroomError('backup_not_found', message);
