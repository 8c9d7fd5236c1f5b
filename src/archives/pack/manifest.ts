/**
 * What an archive's list says: a line for each thing that is in it, and for each that was left out, with the reason.
 * The list is an object of its own beside the archive, as lines of JSON.
 */
import { z } from 'zod';
import type { Left } from '../../session/ports/archives.ts';

const count = z.int().min(0);

const place = { path: z.string(), mode: count, mtimeMs: z.number() };
const note = { note: z.string().exactOptional() };

export const ListLine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), ...place, size: count, sha256: z.string(), ...note }),
  z.strictObject({ kind: z.literal('folder'), ...place }),
  z.strictObject({ kind: z.literal('link'), ...place, target: z.string() }),
  z.strictObject({ kind: z.literal('left'), path: z.string(), why: z.string() }),
]);
export type ListLine = z.output<typeof ListLine>;

/** What is in an archive, counted. */
export interface Counts {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  /** Of the files, unpacked. */
  readonly bytes: number;
}

/** Of each thing that was left the first so many are named; all are counted. */
export const MAX_NAMED_LEFT = 100;

/** Counts while it goes, and remembers the first of what was left. */
export class Tally {
  readonly #onLeft: (left: Left) => void;

  files = 0;
  folders = 0;
  links = 0;
  bytes = 0;
  leftCount = 0;
  readonly left: Left[] = [];

  /** @param onLeft told of each. */
  constructor(onLeft: (left: Left) => void = () => undefined) {
    this.#onLeft = onLeft;
  }

  leave(path: string, why: string): void {
    this.leftCount += 1;
    this.#onLeft({ path, why });
    if (this.left.length < MAX_NAMED_LEFT) this.left.push({ path: path.slice(0, 300), why });
  }

  get counts(): Counts {
    const { files, folders, links, bytes } = this;
    return { files, folders, links, bytes };
  }
}
