/** What is done at the place of the backups, as the daemon and the command line do it. */
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { Clock } from '../otp/clock.ts';
import type { BackupFacts } from '../session/ports/backups.ts';
import type { BackupWorks } from './backup-terms.ts';
import { BackupPlace } from './backups/backup-place.ts';
import { type Keep, newestFirst } from './backups/keep.ts';
import { type BackupId, type Manifest, storeMark, type Whose } from './backups/layout.ts';
import { lookAt } from './backups/look.ts';
import { makeBackup } from './backups/make-backup.ts';
import { Meter } from './backups/places.ts';
import { verifyBackup } from './backups/read-backup.ts';
import type { S3Options } from './targets/s3-target.ts';
import type { Target } from './targets/target.ts';

export interface WorksArgs {
  readonly clock: Clock;
  readonly target: (count: S3Options['count']) => Target;
  readonly owner: () => string;
  /** Undefined: there is none here; then backups of any store are as good. */
  readonly store: () => Whose | undefined;
  readonly staging: string;
  readonly keep: Keep;
  readonly copy: (folder: string, signal: AbortSignal) => Promise<Whose>;
}

export const backupWorks = (args: WorksArgs): BackupWorks => {
  const placeWith = (meter: Meter) =>
    new BackupPlace(args.target(meter.count), args.clock, args.owner());
  return {
    make: async (signal, progress) => {
      const meter = new Meter();
      const ground = { ...args, place: placeWith(meter), progress };
      const copy = (folder: string) => args.copy(folder, signal);
      const { backupId, manifest, gone, swept, sweepFault } = await makeBackup(
        { ...ground, copy },
        signal,
      );
      if (sweepFault !== undefined && codeOf(sweepFault) === 'draining') throw sweepFault;
      return {
        ...{ backupId, ...countsOf(manifest), bytes: manifest.bytes, gone },
        ...{ cost: meter.cost(manifest.put), freedBytes: swept.bytes },
        ...(sweepFault === undefined ? {} : { sweepFault: (sweepFault as Error).message }),
      };
    },

    lookAt: async (backupId, signal) => {
      const meter = new Meter();
      const found = await lookAt({ ...args, place: placeWith(meter) }, backupId, signal);
      if (found === undefined) return undefined;
      const { gone, swept, sweepFault } = found;
      if (sweepFault !== undefined && codeOf(sweepFault) === 'draining') throw sweepFault;
      const cost = meter.cost({ bytes: 0, packs: 0 });
      return {
        ...{ isUnchanged: true, backupId, gone, freedBytes: swept.bytes, cost },
        ...(sweepFault === undefined ? {} : { sweepFault: (sweepFault as Error).message }),
      };
    },

    verify: async (wanted, signal, progress) => {
      const meter = new Meter();
      const place = placeWith(meter);
      const backupId = wanted ?? (await newest(place, args.store(), args.clock.now(), signal));
      const manifest = await place.manifest(backupId, signal);
      const found = await verifyBackup(place, manifest, signal, progress);
      return { backupId, ...found, cost: meter.cost({ bytes: 0, packs: 0 }) };
    },

    remove: async (backupId, signal) => {
      const place = placeWith(new Meter());
      // before the place is taken: work that fails keeps it until its lease is over
      if (!(await isThere(place, backupId, signal)))
        throw new GreenroomError('backup_not_found', `there is no backup ${backupId}`);
      return place.leased(signal, async () => {
        await place.forget(backupId, signal);
        // It is gone, whatever else lies there: what it leaves goes with the next sweep that can read all others.
        return place.sweep(signal).then(
          ({ objects, bytes }) => ({ backupId, objects, freedBytes: bytes }),
          (error: unknown) => {
            if (codeOf(error) === 'draining') throw error;
            return { backupId, objects: 0, freedBytes: 0, sweepFault: (error as Error).message };
          },
        );
      });
    },

    list: async ({ limit, beginning = '', isOurs = false }, signal) => {
      const place = placeWith(new Meter());
      const { backups } = await place.contents(signal);
      const found: BackupFacts[] = [];
      const us = args.store();
      const wanted = backups.filter(
        ({ backupId, store }) => backupId.startsWith(beginning) && (!isOurs || isOf(us, store)),
      );
      for (const each of wanted.toReversed().slice(0, limit))
        found.push(await factsOf(place, each, us, signal));
      return found;
    },
  };
};

/** Also one whose manifest cannot be read. */
const isThere = async (
  place: BackupPlace,
  backupId: string,
  signal: AbortSignal,
): Promise<boolean> =>
  (await place.contents(signal)).backups.some((each) => each.backupId === backupId);

/**
 * The newest of this store. Without a store, of the one whose backups lie there. Rejects with `backup_not_found`, and with
 * `invalid_request` where there are those of several stores: which one is meant is not to be guessed.
 */
export const newest = async (
  place: BackupPlace,
  us: Whose | undefined,
  nowMs: number,
  signal: AbortSignal,
): Promise<string> => {
  const { backups } = await place.contents(signal);
  const ours = backups.filter(({ store }) => us === undefined || store === storeMark(us));
  const stores = new Set(ours.map(({ store }) => store)).size;
  if (stores > 1)
    throw new GreenroomError(
      'invalid_request',
      `backups of ${stores} stores lie at that place: name the one that you mean, by its id; \`backups list\` shows them`,
    );
  const [last] = newestFirst(ours, nowMs);
  if (last !== undefined) return last.backupId;
  throw new GreenroomError('backup_not_found', 'there is no backup at that place');
};

const isOf = (us: Whose | undefined, store: string): boolean =>
  us !== undefined && store === storeMark(us);

const factsOf = async (
  place: BackupPlace,
  { backupId, madeAtMs, store }: BackupId,
  us: Whose | undefined,
  signal: AbortSignal,
): Promise<BackupFacts> => {
  const facts = {
    ...{ backupId, madeAtMs, isOurs: isOf(us, store) },
  };
  try {
    const manifest = await place.manifest(backupId, signal);
    const { storeId: whose, bytes, packs, put } = manifest;
    const storedBytes = packs.reduce((sum, [, , needed]) => sum + needed, 0);
    const known = { storeId: whose, ...countsOf(manifest), bytes, storedBytes };
    return { ...facts, known: { ...known, newBytes: put.bytes, objects: packs.length } };
  } catch (error) {
    if (!['corrupt_record', 'backup_not_found'].includes(codeOf(error))) throw error;
    return { ...facts, fault: (error as Error).message };
  }
};

/** As the note says that goes along with a copy of a store; what others put at a place may hold anything. */
const countsOf = ({ files }: Manifest): { readonly sessions: number; readonly entries: number } => {
  const { sessions, entries } = noteIn(files['backup.json'] ?? '{}');
  return { sessions: countIn(sessions), entries: countIn(entries) };
};

const noteIn = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
};

const countIn = (value: unknown): number => (Number.isSafeInteger(value) ? (value as number) : 0);
