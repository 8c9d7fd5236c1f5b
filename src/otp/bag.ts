/**
 * Things that come and go all the time, in no order: each knows its place, and the last one takes the place of one that goes.
 *
 * A `Set` or a `Map` is not for these. When its table is full of what came and went, V8 makes another one, and the old one points
 * to it, for whoever iterates. Once one table has grown old, it keeps the next one from the frequent collections, which take
 * what is old for alive, and so on for ever: every thing that was in one of them lives until the next great collection.
 * Requests that were answered long ago, with all that belongs to them, were a quarter of all that was allocated.
 */

/** What a bag can hold. A thing is in one bag at a time. */
export interface Bagged {
  /** `NOWHERE`, or where it lies in its bag: the bag alone writes it. */
  place: number;
}

export const NOWHERE = -1;

export class Bag<T extends Bagged> {
  readonly #things: T[] = [];

  get size(): number {
    return this.#things.length;
  }

  /** It must be in no bag. */
  add(thing: T): void {
    thing.place = this.#things.push(thing) - 1;
  }

  /** False if it is in no bag any more. */
  delete(thing: T): boolean {
    const { place } = thing;
    if (place === NOWHERE) return false;
    thing.place = NOWHERE;
    const last = this.#things.pop();
    if (last === undefined || last === thing) return true;
    this.#things[place] = last;
    last.place = place;
    return true;
  }

  /** All that are in it now: what comes and goes meanwhile changes nothing of the list. */
  all(): readonly T[] {
    return this.#things.slice();
  }

  /** Those of which the test holds, in a list of their own. */
  filter(test: (thing: T) => boolean): readonly T[] {
    return this.#things.filter(test);
  }
}
