/** The files below some paths that may hold sessions, in a fixed order, and what could not be read of them. */
import { isUtf8 } from 'node:buffer';
import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../failure.ts';
import { isClassicJson, type Place, whereOf } from './file-kind.ts';

export interface FoundFile extends Place {
  /** At the start of the import: what is appended later waits for the next one. */
  readonly size: number;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** What may hold sessions and is not read. */
export interface LeftFile {
  readonly path: string;
  /** Refused: what it is, is not read. Failed: reading it did. */
  readonly status: 'refused' | 'failed';
  readonly reason: string;
}

export interface Found {
  readonly files: readonly FoundFile[];
  readonly left: readonly LeftFile[];
}

/**
 * Directories give their `*.jsonl` files at any depth, sorted, and those `*.json` files that are sessions
 * of classic programs; a file that is named itself counts whatever its name. Links are
 * followed, and no directory is read twice: so one that leads in a circle ends.
 */
export const findFiles = async (paths: readonly string[]): Promise<Found> => {
  const walk = new Walk();
  for (const path of paths) await walk.named(path);
  return { files: [...walk.files.values()], left: [...walk.left.values()] };
};

/** A pipe has no second reading, which an import needs, and one without a writer none at all. */
const NOT_REGULAR =
  'It is not a regular file: write what it gives to a file, and import that. An import reads each file twice.';

class Walk {
  readonly files = new Map<string, FoundFile>();
  readonly left = new Map<string, LeftFile>();
  /** Real paths of the directories that were read. */
  readonly #seen = new Set<string>();

  async named(path: string): Promise<void> {
    const info = await stat(path).catch((error: Error) => {
      throw new CliError(3, `${path} cannot be read: ${error.message}`, nextStep(path));
    });
    const place = { path };
    if (info.isDirectory()) await this.#below(place);
    else if (info.isFile()) this.#found(place, info);
    else this.#leave(place, 'refused', NOT_REGULAR);
  }

  async #below(folder: Place): Promise<void> {
    const entries = await this.#entries(folder);
    for (const entry of entries.sort((a, b) => (textOf(a.name) < textOf(b.name) ? -1 : 1)))
      await this.#entry(entry, childOf(folder, entry.name));
  }

  async #entries(folder: Place): Promise<Dirent<Buffer>[]> {
    try {
      const real = (await realpath(whereOf(folder), { encoding: 'buffer' })).toString('latin1');
      if (this.#seen.has(real)) return [];
      this.#seen.add(real);
      return await readdir(whereOf(folder), { encoding: 'buffer', withFileTypes: true });
    } catch (error) {
      this.#leave(folder, 'failed', (error as Error).message);
      return [];
    }
  }

  async #entry(entry: Dirent<Buffer>, place: Place): Promise<void> {
    const isNamed = /\.jsonl?$/.test(place.path);
    if (!isNamed && !entry.isDirectory() && !entry.isSymbolicLink()) return;
    try {
      const info = await stat(whereOf(place));
      if (info.isDirectory()) await this.#below(place);
      else if (isNamed) await this.#file(place, info);
    } catch (error) {
      if (!leadsNowhere(error)) this.#leave(place, 'failed', (error as Error).message);
    }
  }

  async #file(place: Place, info: Stats): Promise<void> {
    const isLines = place.path.endsWith('.jsonl');
    if (!info.isFile()) {
      if (isLines) this.#leave(place, 'refused', NOT_REGULAR);
    } else if (isLines || (await isClassicJson({ ...place, size: info.size })))
      this.#found(place, info);
  }

  #found(place: Place, { size, mtimeMs }: Stats): void {
    this.files.set(place.path, { ...place, size, atMs: Math.floor(mtimeMs) });
  }

  #leave({ path }: Place, status: LeftFile['status'], reason: string): void {
    this.left.set(path, { path, status, reason });
  }
}

/** Of a name that is no UTF-8 this process is given what the bytes became. */
const nextStep = (path: string): string =>
  path.includes('\ufffd')
    ? 'where its name is not UTF-8, name the directory that it is in'
    : 'name a file or a directory';

const childOf = (folder: Place, name: Buffer): Place => {
  const path = join(folder.path, textOf(name));
  if (folder.rawPath === undefined && isUtf8(name)) return { path };
  const rawPath = Buffer.concat([Buffer.from(whereOf(folder)), Buffer.from('/'), name]);
  return { path, rawPath };
};

/** The bytes of a name that is no UTF-8 stand as `\xe9`. */
const textOf = (name: Buffer): string =>
  isUtf8(name)
    ? name.toString()
    : name
        .toString('latin1')
        .replace(/[^\0-\x7f]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);

/** A link to nowhere, or in a circle, and what was removed meanwhile. */
const leadsNowhere = (error: unknown): boolean =>
  ['ENOENT', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code));
