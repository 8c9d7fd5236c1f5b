/** Deadlines behind one timer: each is up when its time is, and none that was taken back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, Deadlines, type Due } from '../../src/otp/deadlines.ts';
import { type VirtualClock, virtualClock } from '../../src/otp/virtual-clock.ts';
import { rounds } from '../support/rounds.ts';

class Entry implements Due {
  bucket: Bucket | undefined = undefined;
  before: Due | undefined = undefined;
  after: Due | undefined = undefined;
  expiredAtMs: number | undefined = undefined;
  readonly dueMs: number;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, dueMs: number) {
    this.#clock = clock;
    this.dueMs = dueMs;
  }

  expire(): void {
    expect(this.expiredAtMs).toBeUndefined();
    this.expiredAtMs = this.#clock.monotonic();
  }
}

const began = (duesMs: readonly number[]) => {
  const clock = virtualClock();
  const deadlines = new Deadlines(clock);
  const entries = duesMs.map((dueMs) => {
    const entry = new Entry(clock, dueMs);
    deadlines.add(entry, dueMs);
    return entry;
  });
  return { clock, deadlines, entries };
};

test('whatever is added and taken back, what is left is up in its millisecond and nothing else', async () => {
  const all = fc.array(
    fc.record({ dueMs: fc.integer({ min: 1, max: 40 }), isKept: fc.boolean() }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(all, async (some) => {
      const { clock, deadlines, entries } = began(some.map(({ dueMs }) => dueMs));
      for (const [n, entry] of entries.entries())
        if (some[n]?.isKept === false) deadlines.remove(entry);
      await clock.advance(50);
      const expected = some.map(({ dueMs, isKept }) => (isKept ? dueMs : undefined));
      expect(entries.map(({ expiredAtMs }) => expiredAtMs)).toEqual(expected);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: rounds(60) },
  );
});

test('a fraction of a millisecond is waited for, and never cut short', async () => {
  const { clock, entries } = began([1.5, 1.2, 3]);
  await clock.advance(1);
  expect(entries.map(({ expiredAtMs }) => expiredAtMs)).toEqual([undefined, undefined, undefined]);
  await clock.advance(1);
  expect(entries.map(({ expiredAtMs }) => expiredAtMs)).toEqual([2, 2, undefined]);
});

test('there is one timer for all, for the earliest', () => {
  const { clock, deadlines } = began([30, 10, 20, 10]);
  expect(clock.timers).toBe(1);
  deadlines.disarm();
  expect(clock.timers).toBe(0);
});

test('one that is added later and due earlier is up first', async () => {
  const { clock, deadlines, entries } = began([30]);
  await clock.advance(5);
  const early = new Entry(clock, 10);
  deadlines.add(early, 10);
  await clock.advance(5);
  expect([early.expiredAtMs, entries[0]?.expiredAtMs]).toEqual([10, undefined]);
  await clock.advance(20);
  expect(entries[0]?.expiredAtMs).toBe(30);
});

test('after it was disarmed new ones are up in their time again', async () => {
  const { clock, deadlines, entries } = began([10]);
  deadlines.disarm();
  const next = new Entry(clock, 10);
  deadlines.add(next, 10);
  await clock.advance(10);
  expect([next.expiredAtMs, entries[0]?.expiredAtMs]).toEqual([10, undefined]);
});

test('one that is taken back twice, or after it was up, harms nobody', async () => {
  const { clock, deadlines, entries } = began([10, 10, 10]);
  const [first, second, third] = entries as [Entry, Entry, Entry];
  deadlines.remove(second);
  deadlines.remove(second);
  await clock.advance(10);
  deadlines.remove(first);
  expect([first, second, third].map(({ expiredAtMs }) => expiredAtMs)).toEqual([10, undefined, 10]);
});
