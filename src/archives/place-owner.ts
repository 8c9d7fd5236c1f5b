/**
 * Whose a place of archives is: of one store alone. Objects have the names of their bytes, so where two stores put theirs, one
 * would delete what the other still names; and a restored copy of a store would delete what the original needs.
 *
 * 1. The first store that puts something there notes itself, for as long as the place is there.
 * 2. Another one reads what lies there, but puts nothing and removes nothing, until it is told to take the place over.
 * 3. Where the note and an archive that should lie there are both missing, the place is not what it was, such as a disk that is
 *    not mounted: nothing is put there either.
 */
import { z } from 'zod';
import { GreenroomError } from '../model/errors.ts';
import type { Place } from '../session/ports/archives.ts';
import type { Target } from './targets/target.ts';

/** The object that says it. */
export const OWNER_NAME = 'greenroom-archives.json';
const MAX_BYTES = 4_096;

const Owner = z.object({
  storeId: z.string(),
  /** Of a store that was restored from a backup: the original lives on, perhaps. */
  copy: z.string().exactOptional(),
});
export type Owner = Readonly<z.output<typeof Owner>>;

export class PlaceOwner {
  readonly #us: () => Owner;
  readonly #oneThere: (place: Place) => Promise<string | undefined>;

  /**
   * @param us asked for each time: the journal may have been restarted. @param oneThere the name of an object that we have put at a
   * place and that must lie there; undefined: none must.
   */
  constructor(us: () => Owner, oneThere: (place: Place) => Promise<string | undefined>) {
    this.#us = us;
    this.#oneThere = oneThere;
  }

  /**
   * Before something is put there or removed. Rejects with `invalid_settings` where the place is another store's, and with
   * `unavailable` where it has lost what we have put there. @param isWithin whether the place is a part of our own data directory: then it is ours, whose it was.
   */
  async mustBeOurs(target: Target, isWithin: boolean, signal: AbortSignal): Promise<void> {
    const us = this.#us();
    const isFree = (await found(target, signal)) === undefined;
    if (isFree && !isWithin) await this.#mustBeAsLeft(target, us, signal);
    if (isFree) await target.putOnce(OWNER_NAME, bytesOf(us), signal);
    const owner = await found(target, signal); // another may have come first
    if (owner === undefined) throw notThere(target);
    if (isSame(owner, us)) return;
    if (!isWithin) throw othersFault(target, owner);
    await this.takeOver(target, signal);
  }

  /** An older version put archives without a note: then the place is ours, unless we are a copy and the original's. */
  async #mustBeAsLeft(
    target: Target,
    { storeId, copy }: Owner,
    signal: AbortSignal,
  ): Promise<void> {
    const name = await this.#oneThere(target.place);
    if (name === undefined) return;
    const isThere = (await target.size(name, signal)) !== undefined;
    if (isThere && copy !== undefined) throw othersFault(target, { storeId });
    if (!isThere)
      throw new GreenroomError(
        'unavailable',
        `${target.uri(name)} is not there, nor is ${OWNER_NAME}: is the disk mounted? If the archives there are lost, \`greenroom archives take-over\``,
      );
  }

  /** @returns whether it was another's. */
  async takeOver(target: Target, signal: AbortSignal): Promise<boolean> {
    const us = this.#us();
    const owner = await found(target, signal);
    if (owner !== undefined && isSame(owner, us)) return false;
    await target.overwrite(OWNER_NAME, bytesOf(us), signal);
    return owner !== undefined;
  }
}

const bytesOf = ({ storeId, copy }: Owner): Buffer =>
  Buffer.from(`${JSON.stringify({ storeId, ...(copy === undefined ? {} : { copy }) })}\n`);

const isSame = (owner: Owner | 'unreadable', us: Owner): boolean =>
  owner !== 'unreadable' && owner.storeId === us.storeId && owner.copy === us.copy;

/** Undefined: no store has noted itself there. */
const found = async (
  target: Target,
  signal: AbortSignal,
): Promise<Owner | 'unreadable' | undefined> => {
  const size = await target.size(OWNER_NAME, signal);
  if (size === undefined) return undefined;
  if (size > MAX_BYTES) return 'unreadable';
  const parts: Uint8Array[] = [];
  for await (const part of target.read(OWNER_NAME, 0, size, signal)) parts.push(part);
  try {
    return Owner.parse(JSON.parse(Buffer.concat(parts).toString()));
  } catch {
    return 'unreadable';
  }
};

const othersFault = (target: Target, owner: Owner | 'unreadable'): GreenroomError =>
  new GreenroomError(
    'invalid_settings',
    `${target.uri(OWNER_NAME)} ${whose(owner)}: give this store a place of its own, or, once that one is gone, \`greenroom archives take-over\``,
  );

const whose = (owner: Owner | 'unreadable'): string => {
  if (owner === 'unreadable') return 'does not say whose archives lie there';
  return owner.copy === undefined
    ? `says that the archives there are of the store ${owner.storeId}`
    : `says that the archives there are of a restored copy of the store ${owner.storeId}`;
};

const notThere = (target: Target): GreenroomError =>
  new GreenroomError('unavailable', `${target.uri(OWNER_NAME)} was put, and is not there`);
