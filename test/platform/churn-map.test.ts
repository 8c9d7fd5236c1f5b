/** A churn map has what a `Map` would have, in the same order, whatever comes and goes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChurnMap } from '../../src/platform/churn-map.ts';
import { rounds } from '../support/rounds.ts';

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'acme/one', 'acme/two', 'x'.repeat(100), `y${'x'.repeat(100)}`),
  fc.string({ maxLength: 3 }),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('set' as const), key, value: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const) }) },
);

const shown = (map: ChurnMap<string, number> | Map<string, number>) => ({
  ...{ size: map.size, keys: [...map.keys()], values: [...map.values()] },
});

describe('a churn map', () => {
  it('has what a map would have, in the same order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [churning, map] = [new ChurnMap<string, number>(), new Map<string, number>()];
        for (const one of steps) {
          if (one.type === 'clear') {
            churning.clear();
            map.clear();
          } else if (one.type === 'set') {
            churning.set(one.key, one.value);
            map.set(one.key, one.value);
          } else expect(churning.delete(one.key)).toBe(map.delete(one.key));
          if (one.type !== 'clear') {
            expect(churning.get(one.key)).toBe(map.get(one.key));
            expect(churning.has(one.key)).toBe(map.has(one.key));
          }
          expect(shown(churning)).toEqual(shown(map));
        }
      }),
      { numRuns: rounds(300) },
    );
  });

  it('grows with numbers that count up, and those below zero', () => {
    const map = new ChurnMap<number, number>();
    for (let at = -500; at < 500; at += 1) map.set(at, 2 * at);
    for (let at = -500; at < 500; at += 2) map.delete(at);
    expect(map.size).toBe(500);
    expect(map.get(-499)).toBe(-998);
    expect(map.get(2)).toBeUndefined();
  });
});
