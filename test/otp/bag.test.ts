/** What a bag has is what was put in and not taken out, and each thing's place is where it lies. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bag, NOWHERE } from '../../src/otp/bag.ts';
import { rounds } from '../support/rounds.ts';

const things = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ id, place: NOWHERE }));

describe('a bag', () => {
  it('has what a set would have, whatever comes and goes', () => {
    const step = fc.record({ id: fc.nat(9), comes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const [all, bag, set] = [things(10), new Bag<{ id: number; place: number }>(), new Set()];
        for (const { id, comes } of steps) {
          const thing = all[id] as { id: number; place: number };
          if (!comes) expect(bag.delete(thing)).toBe(set.delete(id));
          else if (!set.has(id)) {
            bag.add(thing);
            set.add(id);
          }
          expect(bag.size).toBe(set.size);
        }
        expect(new Set(bag.all().map(({ id }) => id))).toEqual(set);
        bag.all().forEach((thing, at) => {
          expect(thing.place).toBe(at);
        });
      }),
      { numRuns: rounds(200) },
    );
  });

  it('keeps nothing of what has gone', () => {
    const [a, b] = things(2);
    const bag = new Bag<{ id: number; place: number }>();
    for (const thing of [a, b]) if (thing !== undefined) bag.add(thing);
    for (const thing of [b, a]) if (thing !== undefined) bag.delete(thing);
    expect(bag.all()).toEqual([]);
    expect([a?.place, b?.place]).toEqual([NOWHERE, NOWHERE]);
  });

  it('lists what a test names, and can be emptied by that list', () => {
    const bag = new Bag<{ id: number; place: number }>();
    for (const thing of things(6)) bag.add(thing);
    for (const thing of bag.filter(({ id }) => id % 2 === 0)) bag.delete(thing);
    expect(
      bag
        .all()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([1, 3, 5]);
  });
});
