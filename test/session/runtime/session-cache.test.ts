/** Who stays in memory: the recently used, within the limits in sessions and in bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionCache } from '../../../src/session/runtime/session-cache.ts';

/** A cache whose sessions note when they are asked to rest. */
const cacheOf = (sessions: number, bytes = 1_000) => {
  const cache = new SessionCache({ sessions, bytes });
  const rested: string[] = [];
  const touch = (key: string, size = 1) => cache.touch(key, size, () => rested.push(key));
  return { cache, rested, touch };
};

describe('the session cache', () => {
  it('asks the longest unused to rest when there are too many', () => {
    const { cache, rested, touch } = cacheOf(2);
    for (const key of ['a', 'b', 'a', 'c']) touch(key);
    expect(rested).toEqual(['b']);
    expect(cache.sessions).toBe(2);
  });

  it('asks as many as it takes when they are too big', () => {
    const { cache, rested, touch } = cacheOf(10, 100);
    touch('a', 40);
    touch('b', 40);
    touch('c', 90);
    expect(rested).toEqual(['a', 'b']);
    expect(cache.bytes).toBe(90);
  });

  it('keeps the one in use, even if it is too big alone', () => {
    const { cache, rested, touch } = cacheOf(10, 100);
    touch('a', 500);
    expect(rested).toEqual([]);
    expect(cache.bytes).toBe(500);
  });

  it('takes back one that was asked to rest and is busy', () => {
    const { cache, touch } = cacheOf(1);
    touch('busy');
    touch('b');
    touch('busy');
    expect(cache.sessions).toBe(1);
  });

  it('counts the latest size of each session once, whatever happens', () => {
    const use = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), size: fc.nat(60) });
    const step = fc.oneof(
      use,
      use.map(({ key }) => ({ key, size: undefined })),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { cache, rested, touch } = cacheOf(3, 100);
        const held = new Map<string, number>();
        for (const { key, size } of steps) {
          held.delete(key);
          if (size === undefined) cache.drop(key);
          else held.set(key, size);
          if (size !== undefined) touch(key, size);
          for (const gone of rested.splice(0)) held.delete(gone);
          expect(cache.sessions).toBe(held.size);
          expect(cache.bytes).toBe([...held.values()].reduce((sum, bytes) => sum + bytes, 0));
          if (held.size > 1) expect(cache.bytes).toBeLessThanOrEqual(100);
          expect(cache.sessions).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
