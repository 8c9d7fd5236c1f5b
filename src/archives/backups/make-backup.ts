/**
 * Makes a backup: a copy of the store as of one moment, cut up, what is new of it put, and a manifest behind that.
 *
 * 1. Stopped at any moment there is no half backup. What was put is found again, as it bears the name of its bytes; what
 *    nobody needs is swept.
 * 2. Before the manifest is put all packs that it names are looked for: what went meanwhile fails the backup.
 * 3. Of the packs, one at a time is on this machine's disk.
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GreenroomError } from '../../model/errors.ts';
import { iso } from '../../model/moment.ts';
import type { Clock } from '../../otp/clock.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import type { BackupPlace, Contents, Swept } from './backup-place.ts';
import { BackupThread } from './backup-worker.ts';
import { goingOf, type Keep, newestFirst } from './keep.ts';
import {
  backupOfId,
  idOf,
  type Manifest,
  manifestName,
  type Ref,
  refOf,
  regionsOf,
  storeMark,
  type Whose,
} from './layout.ts';
import type { ClosedPack, PackedFile } from './packer.ts';

/** What `copy` leaves in its folder. */
export const STORE_FILE = 'data.mdb';
export const NOTE_FILE = 'backup.json';
const SMALL_FILES = [NOTE_FILE, 'budgets.json'];
/** A pack of which less than this is needed is put anew by and by: else a place would only grow. */
const LEAST_SHARE = 1 / 3;
/** Smaller ones are not worth it. */
const LEAST_STALE_BYTES = 256 * 1024;

export interface MakeGround {
  readonly place: BackupPlace;
  readonly clock: Clock;
  /** A folder for what is on its way; whatever is in there may go. */
  readonly staging: string;
  /** Copies the store of one moment into a folder, reads it to its end, and says whose it is. */
  readonly copy: (folder: string) => Promise<Whose>;
  readonly keep: Keep;
  readonly progress?: (done: Progress) => void;
}

export interface Progress {
  /** Of the store's file, compared. */
  readonly bytes: number;
  readonly ofBytes: number;
  readonly putBytes: number;
}

export interface Made extends Tidied {
  readonly backupId: string;
  readonly manifest: Manifest;
}

export interface Tidied {
  /** Backups that have gone by their number or age. */
  readonly gone: readonly string[];
  readonly swept: Swept;
  /** Why nothing was swept, where it should have been. */
  readonly sweepFault?: unknown;
}

/** Rejects with what went wrong; the next attempt begins anew, and finds what was put. */
export const makeBackup = (ground: MakeGround, signal: AbortSignal): Promise<Made> =>
  ground.place.leased(signal, async (wasLeft) => {
    await rm(ground.staging, { recursive: true, force: true });
    await makeFolder(ground.staging);
    try {
      const { backupId, manifest } = await put(ground, signal);
      return { backupId, manifest, ...(await tidyUp(ground, { backupId, wasLeft }, signal)) };
    } finally {
      await rm(ground.staging, { recursive: true, force: true });
    }
  });

const put = async (ground: MakeGround, signal: AbortSignal) => {
  const { place, staging, clock } = ground;
  const { storeId, copy } = await place.held(signal, () => ground.copy(join(staging, 'copy')));
  const madeAt = iso(clock.now());
  signal.throwIfAborted();
  crashpoint('backup.copied');
  const contents = await place.contents(signal);
  const before = await manifestBefore(ground, contents, { storeId, copy }, signal);
  const bytes = (await stat(join(staging, 'copy', STORE_FILE))).size;
  const packed = await pack(ground, { bytes, before, contents }, signal);
  crashpoint('backup.put');
  const known = new Map((before?.packs ?? []).map(([name, size]) => [name, size]));
  for (const { name, size } of packed.put) known.set(name, size);
  await mustBeThere(ground, packed.file, known, signal);
  const manifest = manifestOf(
    { storeId, copy, madeAt, bytes, files: await smallFiles(join(staging, 'copy')) },
    { ...packed, known, before },
  );
  const text = JSON.stringify(manifest);
  const backupId = idOf(text, manifest);
  await putManifest(ground, backupId, Buffer.from(text), signal);
  crashpoint('backup.named');
  return { backupId, manifest };
};

/** The newest of this store that can be read, else of the one that it is a copy of; undefined: all is put. */
const manifestBefore = async (
  { place, clock }: MakeGround,
  { backups }: Contents,
  { storeId, copy }: Whose,
  signal: AbortSignal,
): Promise<Manifest | undefined> => {
  const of = (mark: string) => backups.filter(({ store }) => store === mark);
  const mine = newestFirst(of(storeMark({ storeId, copy })), clock.now());
  const original = copy === undefined ? [] : newestFirst(of(storeMark({ storeId })), clock.now());
  for (const { backupId } of [...mine, ...original]) {
    try {
      return await place.manifest(backupId, signal);
    } catch (error) {
      const { code } = error as GreenroomError;
      if (code !== 'corrupt_record' && code !== 'backup_not_found') throw error;
    }
  }
  return undefined;
};

interface Before {
  readonly bytes: number;
  readonly before: Manifest | undefined;
  readonly contents: Contents;
}

const pack = async (
  ground: MakeGround,
  { bytes, before, contents }: Before,
  signal: AbortSignal,
): Promise<{ readonly put: readonly ClosedPack[]; readonly file: PackedFile }> => {
  const { place, staging, progress } = ground;
  const thread = new BackupThread();
  const done: ClosedPack[] = [];
  let putBytes = 0;
  const putAll = async (packs: readonly ClosedPack[]): Promise<void> => {
    for (const each of packs) {
      await place.renew(signal);
      await place.patiently(signal, () => place.target.put(each.name, each, signal));
      await rm(each.path, { force: true });
      done.push(each);
      putBytes += each.size;
      crashpoint('backup.pack');
    }
  };
  const lists = listsOf(before);
  const stale = staleOf(before, contents);
  try {
    const file = join(staging, 'copy', STORE_FILE);
    await thread.ask('beginPacking', { file, bytes, folder: staging, stale }, signal);
    for (let region = 0; region < regionsOf(bytes); region += 1) {
      const list = lists[region];
      const known =
        list && !stale.includes(list.pack) ? await listBytes(place, list, signal) : undefined;
      await putAll(await thread.ask('packRegion', { region, before: known }, signal));
      await place.renew(signal); // of a large store that has hardly changed nothing is put for hours
      progress?.({ bytes: (region + 1) * (bytes / regionsOf(bytes)), ofBytes: bytes, putBytes });
    }
    const last = await thread.ask('endPacking', undefined, signal);
    await putAll(last.packs);
    return { put: done, file: last.file };
  } finally {
    await thread.end();
  }
};

export const listsOf = (manifest: Manifest | undefined): readonly Ref[] => {
  if (manifest === undefined) return [];
  const names = manifest.packs.map(([name]) => name);
  return manifest.regions.map((row) => refOf(names, row));
};

/** As it stands in its pack. */
export const listBytes = async (place: BackupPlace, ref: Ref, signal: AbortSignal) => ({
  ref,
  bytes: await place.bytes(ref.pack, ref.at, ref.at + ref.length, signal),
});

/** Packs that are not there as they were put, and those of which little is needed. */
const staleOf = (before: Manifest | undefined, { packs }: Contents): readonly string[] =>
  (before?.packs ?? [])
    .filter(
      ([name, size, needed]) =>
        packs.get(name) !== size || (size >= LEAST_STALE_BYTES && needed < size * LEAST_SHARE),
    )
    .map(([name]) => name);

const mustBeThere = async (
  { place }: MakeGround,
  { needed }: PackedFile,
  known: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<void> => {
  const { packs } = await place.contents(signal);
  for (const [name] of needed)
    if (packs.get(name) === undefined || packs.get(name) !== known.get(name))
      throw new GreenroomError(
        'unavailable',
        `${place.target.uri(name)} is not there as it was put`,
      );
};

const smallFiles = async (folder: string): Promise<Manifest['files']> => {
  const files: [string, string][] = [];
  for (const name of SMALL_FILES) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) files.push([name, text]);
  }
  return Object.fromEntries(files);
};

const manifestOf = (
  { copy, ...about }: Pick<Manifest, 'madeAt' | 'bytes' | 'files'> & Whose,
  packed: {
    readonly put: readonly ClosedPack[];
    readonly file: PackedFile;
    readonly known: ReadonlyMap<string, number>;
    readonly before: Manifest | undefined;
  },
): Manifest => {
  const { put: putPacks, file, known, before } = packed;
  const packs = file.needed.map(([name, needed]): Manifest['packs'][number] => [
    name,
    known.get(name) ?? 0,
    needed,
  ]);
  const numbers = new Map(packs.map(([name], at) => [name, at]));
  const changed = new Map(file.regions);
  const were = listsOf(before);
  const regions = Array.from({ length: regionsOf(about.bytes) }, (_, at) => {
    const ref = changed.get(at) ?? were[at];
    const number = ref && numbers.get(ref.pack);
    if (ref === undefined || number === undefined) throw new TypeError(`region ${at} has no list`);
    return [number, ref.at, ref.length, ref.sha256] satisfies Manifest['regions'][number];
  });
  const bytes = putPacks.reduce((sum, { size }) => sum + size, 0);
  const whose = copy === undefined ? about : { ...about, copy };
  return { format: 1, ...whose, put: { bytes, packs: putPacks.length }, packs, regions };
};

/** Read back: it is what all else hangs on. */
const putManifest = async (
  { place }: MakeGround,
  backupId: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> => {
  const name = manifestName(backupId);
  await place.renew(signal);
  await place.mustHold(signal);
  await place.patiently(signal, async () => {
    await place.target.putOnce(name, bytes, signal);
    const found = await place.bytes(name, 0, bytes.length, signal);
    if (found.equals(bytes) && (await place.target.size(name, signal)) === bytes.length) return;
    await place.target.overwrite(name, bytes, signal);
    throw new GreenroomError('unavailable', `${place.target.uri(name)} is not what was put there`);
  });
};

/**
 * The backup is made: what fails here is told, and fails nothing. All manifests have to be read for a sweep: so there is one
 * only when something has gone, or an attempt has left something.
 */
export const tidyUp = async (
  { place, keep, clock }: Pick<MakeGround, 'place' | 'keep' | 'clock'>,
  { backupId, wasLeft }: { readonly backupId: string; readonly wasLeft: boolean },
  signal: AbortSignal,
): Promise<Tidied> => {
  const gone: string[] = [];
  try {
    const { backups, halves } = await place.contents(signal);
    const mine = backups.filter(({ store }) => store === backupOfId(backupId)?.store);
    for (const going of goingOf(mine, keep, clock.now())) {
      await place.forget(going.backupId, signal);
      gone.push(going.backupId);
      crashpoint('backup.forgotten');
    }
    const isDue = wasLeft || gone.length > 0 || halves.length > 0;
    return { gone, swept: isDue ? await place.sweep(signal, backupId) : NOTHING };
  } catch (sweepFault) {
    return { gone, swept: NOTHING, sweepFault };
  }
};

export const NOTHING: Swept = { objects: 0, bytes: 0 };
