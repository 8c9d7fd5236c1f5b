/** Where backups go, as people and settings say it, and what reaches that place. */
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Config } from '../../config/config.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Place } from '../../session/ports/archives.ts';
import type { BackupCost } from '../../session/ports/backups.ts';
import { FolderTarget } from '../targets/folder-target.ts';
import { type KeySettings, keysOf } from '../targets/keys.ts';
import { type S3Options, S3Target } from '../targets/s3-target.ts';
import type { Target } from '../targets/target.ts';

type Settings = Pick<Config, 's3Region' | 's3Endpoint'> & KeySettings;

const S3 = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:\/([\w!.*'() /&$@=;:+,-]{0,200}))?$/;

/** @param text `s3://bucket/prefix`, or an absolute path. Throws `invalid_settings` for anything else. */
export const placeOfText = (text: string, { s3Region: region, s3Endpoint }: Settings): Place => {
  if (text.startsWith('/')) return { kind: 'folder', dir: text };
  const [, bucket, prefix = ''] = S3.exec(text) ?? [];
  if (bucket === undefined || prefix.split('/').some((part) => part === '.' || part === '..'))
    throw new GreenroomError(
      'invalid_settings',
      `${text} is no place for backups: an absolute path is one, or s3://bucket/prefix`,
    );
  const endpoint = s3Endpoint ?? `https://s3.${region}.amazonaws.com`;
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  return { kind: 's3', endpoint, region, bucket, prefix: folder };
};

/**
 * Throws `invalid_settings` for a folder in the data directory: parts of that are emptied at each start, and who loses the
 * directory would lose its backups too.
 */
export const mustBeApart = (place: Place, dataDir: string): void => {
  if (place.kind !== 'folder') return;
  const way = relative(realOf(dataDir), realOf(place.dir));
  const isApart = way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
  if (!isApart)
    throw new GreenroomError(
      'invalid_settings',
      `${place.dir} is in the data directory ${dataDir}: name a place for backups outside of it`,
    );
};

/** Where it is once symbolic links are followed; what is not there yet is where its nearest parent is. */
const realOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(resolve(path));
    return above === resolve(path) ? above : join(realOf(above), basename(path));
  }
};

/** @throws `invalid_settings` for a bucket without keys. */
export const targetOf = (
  place: Place,
  settings: Settings,
  reach: Pick<S3Options, 'clock' | 'pace' | 'count'>,
): Target => {
  if (place.kind === 'folder') return new FolderTarget(place.dir);
  keysOf(settings);
  return new S3Target({ place, keys: () => keysOf(settings), ...reach });
};

/** Counts what a place is asked. */
export class Meter {
  #cost = { puts: 0, gets: 0, deletes: 0, sentBytes: 0, receivedBytes: 0 };

  readonly count: NonNullable<S3Options['count']> = ({ request, sent = 0, received = 0 }) => {
    if (request === 'DELETE') this.#cost.deletes += 1;
    else if (request === 'GET' || request === 'HEAD') this.#cost.gets += 1;
    else if (request !== undefined) this.#cost.puts += 1;
    this.#cost.sentBytes += sent;
    this.#cost.receivedBytes += received;
  };

  cost({ bytes, packs }: { readonly bytes: number; readonly packs: number }): BackupCost {
    return { ...this.#cost, storedBytes: bytes, storedObjects: packs };
  }
}
