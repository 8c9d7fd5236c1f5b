/** What people type for a backup: its id, the beginning of its id as long as only one begins so, or `last` for the newest one. */
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { BackupView } from '../session/verbs/backup-verbs.ts';
import { CliError } from './failure.ts';
import { LAST } from './session-name.ts';

/** Backups that an ambiguous beginning names. */
const MAX_NAMED = 10;

/** Their ids are looked through, newest first. */
export type ListBackups = () => Promise<readonly Pick<BackupView, 'backupId' | 'isOurs'>[]>;

/**
 * Works on the backup that is meant. `work` is tried with the words as they stand first, so it must not have changed
 * anything when it rejects with `backup_not_found`.
 */
export const withBackup = async <T>(
  list: ListBackups,
  words: string,
  work: (backupId: string) => Promise<T>,
): Promise<T> => {
  const whole = words.replace(/…$/, '');
  try {
    if (whole === words && words !== LAST) return await work(words);
  } catch (error) {
    if (codeOf(error) !== 'backup_not_found') throw error;
  }
  return work(chosen(await list(), whole));
};

/** @param words `last` is the newest of this store; where it is not known which one that is, of the place. */
const chosen = (found: Awaited<ReturnType<ListBackups>>, words: string): string => {
  const ours = found.some(({ isOurs }) => isOurs) ? found.filter(({ isOurs }) => isOurs) : found;
  const ids = words === LAST ? idsOf(ours).slice(0, 1) : idsOf(found).filter(beginsWith(words));
  const [first, second] = ids;
  if (first === undefined)
    throw new GreenroomError(
      'backup_not_found',
      words === LAST
        ? 'there is no backup at that place, so there is no last one'
        : `there is no backup ${words}, and none that begins so`,
    );
  if (second === undefined) return first;
  throw new CliError(
    2,
    `${words} is the beginning of several backups: ${ids.slice(0, MAX_NAMED).join(', ')}`,
    'write more of the id',
  );
};

const idsOf = (found: Awaited<ReturnType<ListBackups>>): readonly string[] =>
  found.map(({ backupId }) => backupId);

/** An id begins with its day, which people write with strokes and tables show so. */
const beginsWith = (words: string) => {
  const plain = words.replaceAll(/(?<=\d)[-:.](?=\d)/g, '');
  return (backupId: string): boolean =>
    words !== '' && (backupId.startsWith(words) || backupId.startsWith(plain));
};
