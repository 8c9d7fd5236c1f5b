/**
 * How backups lie at their place. The file of a store is cut into regions, a region into chunks. A chunk is named by its
 * hash; chunks that are new lie together in packs; a list says of a region which chunks it has and where; a manifest
 * says of a backup which lists it has. Packs and manifests bear the hash of their bytes. Pure.
 *
 * 1. A manifest is put last: without it there is no backup, and what is there for it is swept.
 * 2. A manifest names every pack that it needs, those of its chunks and those of its lists: no other ever has to be read
 *    to know what may go.
 * 3. A page of the store stays in its place, so a region is compared with the same region of the backup before: no index
 *    of all chunks is ever needed.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';

/** Some pages of the store: a small one costs more names, a large one more bytes for each page that has changed. */
export const CHUNK_BYTES = 32 * 1024;
export const REGION_BYTES = 16 * 1024 * 1024;
/** A pack is put by one request: S3 takes no smaller parts of larger ones. */
export const MOST_PACK_BYTES = 16 * 1024 * 1024;
/** At the end of a region a pack of that size is closed, so that the same region makes the same pack. */
export const LEAST_PACK_BYTES = 4 * 1024 * 1024;
/** Regions whose lists wait for a pack's name. */
export const MOST_WAITING = 512;

/** Far more than a list of all chunks of a region has, packed or not. */
export const MOST_LIST_BYTES = 1024 * 1024;

export const regionsOf = (bytes: number): number => Math.ceil(bytes / REGION_BYTES);

const SHA = /^[0-9a-f]{64}$/;
const sha = z.string().regex(SHA);
const count = z.int().min(0);
const PACK = /^[0-9a-f]{64}\.pack$/;
const packNameText = z.string().regex(PACK);

export const packName = (sha256: string): string => `${sha256}.pack`;
export const isPackName = (name: string): boolean => PACK.test(name);

/**
 * Which pack, from where, how many bytes there, and the hash of what they are unpacked. Whoever reads them holds them in
 * memory: so what says more than we ever put is refused.
 */
const placeOf = (mostBytes: number) =>
  z.tuple([count, count.max(MOST_PACK_BYTES), count.max(mostBytes), sha]);

/** Of a region; null: a chunk of zeros. Packs are named once, and by number then. */
const RegionList = z.strictObject({
  packs: z.array(packNameText),
  chunks: z.array(placeOf(CHUNK_BYTES).nullable()).max(REGION_BYTES / CHUNK_BYTES),
});

const Manifest = z.strictObject({
  format: z.literal(1),
  storeId: z.string(),
  /** Of a store that was restored from a backup: its own are not those of the original. */
  copy: z.string().exactOptional(),
  madeAt: z.iso.datetime(),
  /** Of the store's file. */
  bytes: count,
  /** Bytes that this backup has put, and packs. */
  put: z.strictObject({ bytes: count, packs: count }),
  /** Each with its size, and how much of it this backup needs. */
  packs: z.array(z.tuple([packNameText, count, count])),
  regions: z.array(placeOf(MOST_LIST_BYTES)),
  /** Small files: by name, as they are. */
  files: z.record(z.string().regex(/^[a-z]+\.json$/), z.string()),
});
export type Manifest = z.output<typeof Manifest>;

/** Where bytes stand in a pack, and their hash once they are unpacked. */
export interface Ref {
  readonly pack: string;
  readonly at: number;
  readonly length: number;
  readonly sha256: string;
}

export const hashOf = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

export const listText = (chunks: readonly (Ref | null)[]): string => {
  const packs = new Map<string, number>();
  const numberOf = (name: string): number => {
    const known = packs.get(name) ?? packs.size;
    packs.set(name, known);
    return known;
  };
  const rows = chunks.map(
    (chunk) => chunk && [numberOf(chunk.pack), chunk.at, chunk.length, chunk.sha256],
  );
  return JSON.stringify({ packs: [...packs.keys()], chunks: rows });
};

/** Throws `corrupt_record` for what is none. */
export const readList = (text: string): readonly (Ref | null)[] => {
  const { packs, chunks } = parsed(RegionList, text, 'a list of chunks');
  return chunks.map((row) => row && refOf(packs, row));
};

export const refOf = (packs: readonly string[], [pack, at, length, sha256]: Row): Ref => {
  const name = packs[pack];
  if (name === undefined) throw corrupt('a list names a pack that it does not have');
  return { pack: name, at, length, sha256 };
};
type Row = z.output<ReturnType<typeof placeOf>>;

const parsed = <T extends z.ZodType>(schema: T, text: string, what: string): z.output<T> => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw corrupt(`${what} cannot be read`, cause);
  }
};

export const corrupt = (message: string, cause?: unknown): GreenroomError =>
  new GreenroomError('corrupt_record', message, { cause });

// ── manifests ────────────────────────────────────────────────────────────────────────────────────

/** What stands in a backup's id: when it was made, of which store. */
export interface BackupId {
  readonly backupId: string;
  readonly madeAtMs: number;
  readonly store: string;
}

const ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([0-9a-f]{6})-[0-9a-f]{16}$/;
const ENDING = '.backup.json';

/** Whose a backup is. One that was restored is a store of its own: what goes by its settings is none of the original's. */
export interface Whose {
  readonly storeId: string;
  readonly copy?: string | undefined;
}

/** Of a store, short: so a look at the names says which backups are whose. */
export const storeMark = ({ storeId, copy }: Whose): string =>
  hashOf(copy === undefined ? storeId : `${storeId} ${copy}`).slice(0, 6);

export const manifestName = (backupId: string): string => `${backupId}${ENDING}`;

/** It begins with the moment, to the millisecond, so the newest is known; and ends with the hash of the text: so one that has changed is none. */
export const idOf = (text: string, { madeAt, ...whose }: Manifest): string => {
  const time = new Date(madeAt).toISOString().replace(/[:.-]/g, '');
  return `${time}-${storeMark(whose)}-${hashOf(text).slice(0, 16)}`;
};

/** Undefined: it is no manifest's name. */
export const backupOfName = (name: string): BackupId | undefined => {
  if (!name.endsWith(ENDING)) return undefined;
  return backupOfId(name.slice(0, -ENDING.length));
};

export const backupOfId = (backupId: string): BackupId | undefined => {
  const [, year, month, day, hour, minute, second, ms, store] = ID.exec(backupId) ?? [];
  if (store === undefined) return undefined;
  const madeAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(madeAtMs) ? undefined : { backupId, madeAtMs, store };
};

/** Throws `corrupt_record` where it is not the text that was put. */
export const readManifest = (backupId: string, text: string): Manifest => {
  const manifest = parsed(Manifest, text, `the manifest of ${backupId}`);
  if (idOf(text, manifest) !== backupId) throw corrupt(`the manifest of ${backupId} has changed`);
  if (manifest.regions.length !== regionsOf(manifest.bytes))
    throw corrupt(`the manifest of ${backupId} does not have all regions`);
  if (manifest.regions.some(([pack]) => pack >= manifest.packs.length))
    throw corrupt(`the manifest of ${backupId} does not name all packs`);
  return manifest;
};
