/** Extents of shared memory: held ones never touch each other, and what nobody holds is used again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EMPTY_MS,
  type Extent,
  MAX_SHARING_BYTES,
  SLAB_BYTES,
  Slabs,
} from '../../../src/session/memory/slabs.ts';

type Step =
  | { readonly kind: 'take'; readonly bytes: number }
  | { readonly kind: 'hold' | 'release'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('take' as const),
    bytes: fc.oneof(fc.nat(40_000), fc.nat(2 * MAX_SHARING_BYTES)),
  }),
  fc.record({ kind: fc.constantFrom('hold' as const, 'release' as const), which: fc.nat() }),
);

interface Held {
  readonly extent: Extent;
  readonly release: () => void;
}

const touch = (a: Extent, b: Extent): boolean =>
  a.slab === b.slab &&
  a.byteOffset < b.byteOffset + b.byteLength &&
  b.byteOffset < a.byteOffset + a.byteLength;

describe('slabs', () => {
  it('give extents that are large enough and never touch, as long as somebody holds them', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const slabs = new Slabs();
        const held: Held[] = [];
        for (const { kind, ...what } of steps) {
          if (kind === 'take' && 'bytes' in what) {
            const taken = slabs.take(what.bytes);
            expect(taken.extent.byteLength).toBeGreaterThanOrEqual(what.bytes);
            for (const { extent } of held) expect(touch(extent, taken.extent)).toBe(false);
            held.push(taken);
          } else if ('which' in what && held.length > 0) {
            const at = what.which % held.length;
            const { extent, release } = held[at] as Held;
            if (kind === 'hold') held.push({ extent, release: extent.hold() });
            else {
              held.splice(at, 1);
              release();
              release(); // does nothing
            }
          }
          const all = new Set(held.map(({ extent }) => extent));
          const bytes = [...all].reduce((sum, { byteLength }) => sum + byteLength, 0);
          expect(slabs.usedBytes).toBe(bytes);
        }
        for (const { release } of held) release();
        expect(slabs.usedBytes).toBe(0);
        slabs.dropEmpty(0);
        slabs.dropEmpty(EMPTY_MS);
        expect(slabs.byteLength).toBe(0);
      }),
    );
  });

  it('use the room again, however often contexts come and go', () => {
    const slabs = new Slabs();
    const held: Held[] = [];
    for (let round = 0; round < 20_000; round += 1) {
      if (held.length === 200) (held.splice(round % 200, 1)[0] as Held).release();
      held.push(slabs.take(1_000 + ((round * 7_919) % 60_000)));
    }
    expect(slabs.made).toBeLessThanOrEqual(2);
  });

  it('drop a slab that was empty for a while, and none that is used', () => {
    const slabs = new Slabs();
    const first = slabs.take(1_000);
    const { slab } = first.extent;
    first.release();
    expect(slabs.dropEmpty(0)).toBe(0);
    slabs.take(1_000).release(); // used in between
    expect(slabs.dropEmpty(EMPTY_MS)).toBe(0);
    expect(slabs.dropEmpty(2 * EMPTY_MS)).toBe(1);
    expect([slabs.byteLength, slab.isGone]).toEqual([0, true]);
    const { extent } = slabs.take(1_000);
    slabs.dropEmpty(3 * EMPTY_MS);
    slabs.dropEmpty(9 * EMPTY_MS);
    expect([extent.slab === slab, slabs.byteLength]).toEqual([false, SLAB_BYTES]);
  });

  it('give a large context a slab of its own, which goes with it', () => {
    const slabs = new Slabs();
    const { extent, release } = slabs.take(3 * SLAB_BYTES);
    expect(extent.byteLength).toBe(slabs.byteLength);
    const releaseReader = extent.hold();
    release();
    expect(extent.slab.isGone).toBe(false);
    releaseReader();
    expect([extent.slab.isGone, slabs.byteLength]).toEqual([true, 0]);
  });
});
