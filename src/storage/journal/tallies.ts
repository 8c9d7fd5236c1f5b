/**
 * Tallies that changes under way are added to. It owns what each of them will be when all of those are on disk.
 *
 * A change puts the sum, not what it adds: so readers and the log know no other kind of record. That holds because all changes
 * of a store go through its one journal, which encodes them in the order in which they are applied. A change that is refused
 * leaves the sums that were put behind it too high, by what it would have added: until the next one is put, what is right is
 * known here, and a crash in between leaves the higher sum.
 */
import { addedTo, type Tally, type TallyChange, type TallyName } from '../../model/budget.ts';
import type { Tenant } from '../../model/ids.ts';
import type { SessionChange } from '../../session/ports/journal.ts';

interface Known {
  tally: Tally;
  /** Changes that are not settled. */
  changes: number;
  /** What the last change has put that was committed; undefined: what was there before. */
  stored: Tally | undefined;
}

export class Tallies {
  readonly #stored: (tenant: Tenant, name: TallyName) => Tally;
  /** Those of changes under way, and those of which a wrong sum is stored. */
  readonly #known = new Map<string, Known>();
  /** What a change has put, in the order of its tallies. */
  readonly #put = new WeakMap<SessionChange, readonly Tally[]>();

  constructor(stored: (tenant: Tenant, name: TallyName) => Tally) {
    this.#stored = stored;
  }

  /** What it is behind this change. */
  with(tenant: Tenant, change: TallyChange): Tally {
    const { name } = change;
    const before = this.#known.get(keyOf(tenant, name))?.tally ?? this.#stored(tenant, name);
    return addedTo(before, change);
  }

  /** What is committed of it, where something else is stored. */
  corrected(tenant: Tenant, name: TallyName): Tally | undefined {
    const known = this.#known.get(keyOf(tenant, name));
    return known?.changes === 0 ? known.tally : undefined;
  }

  /** The change is under way. */
  took(change: SessionChange): void {
    const { tenant } = change.key;
    const put = (change.tallies ?? []).map((each) => {
      const key = keyOf(tenant, each.name);
      const { changes = 0, stored } = this.#known.get(key) ?? {};
      const tally = this.with(tenant, each);
      this.#known.set(key, { tally, changes: changes + 1, stored });
      return tally;
    });
    this.#put.set(change, put);
  }

  committed(change: SessionChange): void {
    const put = this.#put.get(change) ?? [];
    this.#end(change, (known, _, at) => {
      known.stored = put[at];
    });
  }

  refused(change: SessionChange): void {
    this.#end(change, (known, each) => {
      known.tally = addedTo(known.tally, negative(each));
    });
  }

  #end(
    { key: { tenant }, tallies = [] }: SessionChange,
    settle: (known: Known, change: TallyChange, at: number) => void,
  ): void {
    for (const [at, each] of tallies.entries()) {
      const key = keyOf(tenant, each.name);
      const known = this.#known.get(key);
      if (known === undefined) continue;
      settle(known, each, at);
      known.changes -= 1;
      const { changes, stored = known.tally, tally } = known;
      if (changes === 0 && isSame(stored, tally)) this.#known.delete(key);
    }
  }
}

const keyOf = (tenant: Tenant, name: TallyName): string => `${tenant}\0${name}`;

const isSame = (one: Tally, other: Tally): boolean =>
  one.spent === other.spent &&
  one.estimated === other.estimated &&
  one.reserved === other.reserved &&
  one.extra === other.extra;

const negative = ({ spent = 0, estimated = 0, reserved = 0, extra = 0 }: TallyChange) => ({
  ...{ spent: -spent, estimated: -estimated, reserved: -reserved, extra: -extra },
});
