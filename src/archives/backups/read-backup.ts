/** Reads a backup: to see whether all of it is there and as it was put, or to lay it into a folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../model/errors.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { faultsAgain } from '../targets/read-again.ts';
import type { BackupPlace } from './backup-place.ts';
import { BackupThread } from './backup-worker.ts';
import { corrupt, type Manifest, REGION_BYTES, type Ref, regionsOf } from './layout.ts';
import { listBytes, listsOf, type Progress, STORE_FILE } from './make-backup.ts';
import type { Span } from './unpacker.ts';

/** Faults that are named. */
const MOST_FAULTS = 100;
/** Of one read: what is wanted of a pack lies in its 16 MiB. */
const MOST_SPAN_BYTES = 2 * REGION_BYTES;

export interface Verified {
  readonly isSound: boolean;
  readonly bytes: number;
  readonly regions: number;
  readonly packs: number;
  /** The first hundred. */
  readonly faults: readonly string[];
}

/** Every chunk is read, unpacked and compared with its hash. What is wrong is a result and no failure. */
export const verifyBackup = async (
  place: BackupPlace,
  manifest: Manifest,
  signal: AbortSignal,
  progress?: (done: Progress) => void,
): Promise<Verified> => {
  const lost = lostPacks(place, manifest, (await place.contents(signal)).packs);
  const faults = [...lost.values()];
  await eachRegion(place, manifest, { signal, progress, lost }, (found) => {
    for (const fault of found) if (faults.length < MOST_FAULTS) faults.push(fault);
  });
  return {
    ...{ isSound: faults.length === 0, bytes: manifest.bytes, regions: manifest.regions.length },
    ...{ packs: manifest.packs.length, faults: faults.slice(0, MOST_FAULTS) },
  };
};

/** Lays it into a folder that is not there, as a plain backup. Rejects with `corrupt_record` for what is not as it was put. */
export const fetchBackup = async (
  place: BackupPlace,
  manifest: Manifest,
  folder: string,
  signal: AbortSignal,
  progress?: (done: Progress) => void,
): Promise<void> => {
  const lost = lostPacks(place, manifest, (await place.contents(signal)).packs);
  for (const fault of lost.values()) throw corrupt(fault);
  await makeFolder(folder);
  const file = join(folder, STORE_FILE);
  await eachRegion(place, manifest, { signal, progress, lost, file }, ([fault]) => {
    if (fault !== undefined) throw corrupt(fault);
  });
  for (const [name, text] of Object.entries(manifest.files))
    await writeFile(join(folder, name), text, { flag: 'wx', mode: 0o600 });
};

/** Packs that are not there as they were put, each with what is wrong. */
export const lostPacks = (
  place: BackupPlace,
  manifest: Manifest,
  packs: ReadonlyMap<string, number>,
): ReadonlyMap<string, string> => {
  const lost = new Map<string, string>();
  for (const [name, size] of manifest.packs) {
    const found = packs.get(name);
    if (found === undefined) lost.set(name, `${place.target.uri(name)} is not there`);
    else if (found !== size)
      lost.set(name, `${place.target.uri(name)} has ${found} bytes and not ${size}`);
  }
  return lost;
};

interface How {
  readonly signal: AbortSignal;
  readonly progress: ((done: Progress) => void) | undefined;
  readonly lost: ReadonlyMap<string, string>;
  readonly file?: string;
}

const eachRegion = async (
  place: BackupPlace,
  manifest: Manifest,
  { signal, progress, lost, file }: How,
  found: (faults: readonly string[]) => void,
): Promise<void> => {
  const thread = new BackupThread();
  const { bytes } = manifest;
  const sound = new Set(manifest.packs.map(([name]) => name).filter((name) => !lost.has(name)));
  try {
    await thread.ask('beginUnpacking', { bytes, file }, signal);
    for (const [region, list] of listsOf(manifest).entries()) {
      const wanted = { region, list, sound };
      found(await faultsAgain(() => regionFaults(place, thread, wanted, signal)));
      progress?.({ bytes: (region + 1) * (bytes / regionsOf(bytes)), ofBytes: bytes, putBytes: 0 });
    }
    await thread.ask('endUnpacking', undefined, signal);
  } finally {
    await thread.end();
  }
};

interface Region {
  readonly region: number;
  readonly list: Ref;
  /** Packs that the manifest names, and that are there. */
  readonly sound: ReadonlySet<string>;
}

const regionFaults = async (
  place: BackupPlace,
  thread: BackupThread,
  { region, list, sound }: Region,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  try {
    if (!sound.has(list.pack)) return [`region ${region}: its list is in ${list.pack}`];
    const packed = await listBytes(place, list, signal);
    const { spans } = await thread.ask('planRegion', { list: packed }, signal);
    const read: Span[] = [];
    for (const { pack, from, to } of spans) {
      const isWanted = sound.has(pack) && to - from <= MOST_SPAN_BYTES;
      if (isWanted) read.push({ pack, from, bytes: await place.bytes(pack, from, to, signal) });
    }
    return await thread.ask('unpackRegion', { region, spans: read }, signal);
  } catch (error) {
    if (['corrupt_record', 'archive_not_found'].includes(codeOf(error)))
      return [(error as Error).message];
    throw error;
  }
};
