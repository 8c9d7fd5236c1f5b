/** Whether a backup still stands at its place as it was put, for a store in which nothing has changed since: then none is made. */
import { codeOf } from '../../model/errors.ts';
import { goingOf } from './keep.ts';
import { backupOfId, storeMark, type Whose } from './layout.ts';
import { type MakeGround, NOTHING, type Tidied, tidyUp } from './make-backup.ts';
import { lostPacks } from './read-backup.ts';

/**
 * What goes by its age or number goes now as well. Undefined: it is not there, or not whole, and one has to be made. Packs
 * are looked for by name and size, and not read.
 */
export const lookAt = async (
  ground: Pick<MakeGround, 'place' | 'clock' | 'keep'> & {
    readonly store: () => Whose | undefined;
  },
  backupId: string,
  signal: AbortSignal,
): Promise<Tidied | undefined> => {
  const { place, clock, keep } = ground;
  const us = ground.store();
  const mark = us && storeMark(us);
  if (backupOfId(backupId)?.store !== mark) return undefined; // of the store that this one was restored from
  const { backups, packs } = await place.contents(signal);
  const mine = backups.filter(({ store }) => store === mark);
  if (!mine.some((each) => each.backupId === backupId)) return undefined;
  try {
    const manifest = await place.manifest(backupId, signal);
    if (lostPacks(place, manifest, packs).size > 0) return undefined;
  } catch (error) {
    if (['corrupt_record', 'backup_not_found'].includes(codeOf(error))) return undefined;
    throw error;
  }
  if (goingOf(mine, keep, clock.now()).length === 0) return { gone: [], swept: NOTHING };
  return place.leased(signal, (wasLeft) => tidyUp(ground, { backupId, wasLeft }, signal));
};
