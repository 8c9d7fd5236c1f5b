/** Objects of archives: how they are called, put, looked at once more, fetched, and removed when no archive names them. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DefinitionKey } from '../model/definition.ts';
import { GreenroomError } from '../model/errors.ts';
import type { Compression, StoredArchive, StoredObject } from '../session/ports/archives.ts';
import type { Expected } from './archive-thread.ts';
import type { Ground } from './ground.ts';
import { type Written, writeFileOf } from './pack/pack.ts';
import type { Target } from './targets/target.ts';

const ENDINGS: Readonly<Record<Compression, string>> = { gzip: 'tar.gz', zip: 'zip', tar: 'tar' };
export const endingOf = (compression: Compression): string => ENDINGS[compression];

export const folderName = (sha256: string, compression: Compression): string =>
  `${sha256}.${endingOf(compression)}`;
export const listName = (sha256: string): string => `${sha256}.files.jsonl.gz`;
export const transcriptName = (sha256: string): string => `${sha256}.jsonl.gz`;
export const manifestName = (archiveId: string): string => `${archiveId}.manifest.json`;

export const objectOf = (name: string, { size, sha256 }: Written): StoredObject => ({
  ...{ name, size, sha256 },
});

/** A packed file, and under which name it is put. */
export interface Outgoing {
  readonly path: string;
  readonly object: StoredObject;
}

/**
 * Puts it, and reads it back. Another archive may have the same object: what is not as it should be is put once more over
 * what is there, and never removed.
 */
export const putAndRead = async (
  target: Target,
  { path, object }: Outgoing,
  signal: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<void> => {
  await target.put(object.name, { path, ...object }, signal);
  if (await isAsPut(target, object, signal, onRead)) return;
  const isHere = (await stat(path).catch(() => undefined)) !== undefined;
  if (isHere) await target.put(object.name, { path, ...object }, signal, true);
  await mustBeAsPut(target, object, signal);
};

/** Rejects with `unavailable` where other bytes come back than were put. */
export const mustBeAsPut = async (
  target: Target,
  object: StoredObject,
  signal: AbortSignal,
): Promise<void> => {
  if (await isAsPut(target, object, signal)) return;
  throw new GreenroomError('unavailable', `${target.uri(object.name)} is not what was put there`);
};

const isAsPut = async (
  target: Target,
  { name, size, sha256 }: StoredObject,
  signal: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<boolean> => {
  if ((await target.size(name, signal)) !== size) return false;
  const read = await digestOf(target.read(name, 0, size, signal), onRead);
  return read.size === size && read.sha256 === sha256;
};

const digestOf = async (
  bytes: AsyncIterable<Uint8Array>,
  onRead?: (bytes: number) => void,
): Promise<Written> => {
  const digest = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes) {
    digest.update(chunk);
    size += chunk.length;
    onRead?.(size);
  }
  return { size, sha256: digest.digest('hex') };
};

/** As a file of this machine: where it is, or a copy in the staging folder. Whether its bytes are right is not looked at. */
export const fetched = async (
  { staging }: Pick<Ground, 'staging'>,
  target: Target,
  { name, size, sha256 }: StoredObject,
  signal: AbortSignal,
): Promise<Expected> => {
  if ((await target.size(name, signal)) === undefined)
    throw new GreenroomError('archive_not_found', `${target.uri(name)} is not there`);
  const local = target.local(name);
  if (local !== undefined) return { file: local, size, sha256 };
  const file = join(staging, name);
  await writeFileOf(file, () => target.read(name, 0, size, signal));
  return { file, size, sha256 };
};

/** Removes those that no other archive of this place names. To be called while nobody puts. Rejects with `invalid_settings` where the place is another store's. */
export const removeUnnamed = async (
  { records, target, mustBeOurs }: Pick<Ground, 'records' | 'target' | 'mustBeOurs'>,
  key: DefinitionKey,
  { place, names }: Pick<StoredArchive, 'place' | 'names'>,
  signal: AbortSignal,
): Promise<void> => {
  if (names.length === 0) return;
  const left = new Set(names);
  for await (const other of records.all()) {
    if (other.key.name === key.name && other.key.tenant === key.tenant) continue;
    for (const name of other.record.names) left.delete(name);
  }
  if (left.size === 0) return;
  const at = target(place);
  await mustBeOurs(at, signal);
  for (const name of left) await at.remove(name, signal);
};
