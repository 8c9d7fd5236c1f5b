/** The lane of long walks: one slice at a time, with a pause between two, by turns. */
import { describe, expect, it } from 'vitest';
import { Lane, SLICE_ROWS } from '../../src/search/lane.ts';
import { SessionTable } from '../../src/search/table/session-table.ts';
import { Walk } from '../../src/search/table/walk.ts';
import { rowOf, tenant } from './summary-row.ts';

/** A lane that notes what happens on it; pauses are over at once. */
const stage = () => {
  const events: string[] = [];
  const lane = new Lane(async () => void events.push('pause'));
  const table = new SessionTable(tenant);
  const visits = new Map<string, number>();
  /** A walk of so many slices, which notes the first row of each; `failsIn` names the slice in which it throws. */
  const walk = (name: string, slices: number, failsIn?: number): Promise<void> => {
    const slots = Uint32Array.from({ length: slices * SLICE_ROWS }, (_, n) => n + 1);
    const visit = (slot: number): boolean => {
      visits.set(name, slot);
      if ((slot - 1) % SLICE_ROWS !== 0) return true;
      const slice = (slot - 1) / SLICE_ROWS + 1;
      events.push(`${name}${slice}`);
      if (slice === failsIn) throw new Error(`${name} fails`);
      return true;
    };
    return lane.run(table, new Walk(slots, slots.length + 1, visit));
  };
  return { events, lane, table, visits, walk };
};

describe('a walk on the lane', () => {
  it('walks its first slice at once, and that is all of a short one', async () => {
    const { events, visits, walk } = stage();
    const done = walk('a', 1);
    expect(visits.get('a')).toBe(SLICE_ROWS);
    await done;
    expect(events).toEqual(['a1']);
  });

  it('gives way before each further slice', async () => {
    const { events, visits, walk } = stage();
    const done = walk('a', 3);
    expect(visits.get('a')).toBe(SLICE_ROWS);
    await done;
    expect(visits.get('a')).toBe(3 * SLICE_ROWS);
    expect(events).toEqual(['a1', 'pause', 'a2', 'pause', 'a3']);
  });

  it('takes turns with others, with a pause between any two slices', async () => {
    const { events, walk } = stage();
    await Promise.all([walk('a', 3), walk('b', 2), walk('c', 3)]);
    const [begun, later] = [events.slice(0, 3), events.slice(3)];
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    expect(later).toEqual(['a2', 'b2', 'c2', 'a3', 'c3'].flatMap((slice) => ['pause', slice]));
  });

  it('does not wait for one that began before to end', async () => {
    const { events, walk } = stage();
    const order: string[] = [];
    const long = walk('long', 6).then(() => order.push('long'));
    await walk('short', 2);
    order.push('short');
    await long;
    expect(order).toEqual(['short', 'long']);
    expect(events.indexOf('short2')).toBeLessThan(events.indexOf('long3'));
  });

  it.each([1, 2])('that throws in slice %i is told so, and the others go on', async (slice) => {
    const { events, table, visits, walk } = stage();
    const before = walk('a', 3);
    const broken = walk('b', 3, slice);
    const after = walk('c', 3);
    await expect(broken).rejects.toThrow('b fails');
    await Promise.all([before, after]);
    expect(events.filter((event) => event !== 'pause').toSorted()).toEqual(
      ['a1', 'a2', 'a3', 'b1', ...(slice === 2 ? ['b2'] : []), 'c1', 'c2', 'c3'].toSorted(),
    );
    await walk('d', 2);
    expect(visits.get('d')).toBe(2 * SLICE_ROWS);
    expect(table.size).toBe(0);
  });
});

describe('a table that a walk is over with', () => {
  const rows = ['x', 'y'].map((id) => rowOf(id));
  const over = (slots: Uint32Array, visit: (slot: number) => boolean) => {
    const lane = new Lane(() => Promise.resolve());
    const table = new SessionTable(tenant);
    for (const row of rows) table.put(row);
    return { table, done: lane.run(table, new Walk(slots, SLICE_ROWS + 10, visit)) };
  };

  it.each(['that ended', 'that threw'])('tells a walk %s of no change', async (which) => {
    let visits = 0;
    const { table, done } = over(Uint32Array.of(1, 2), () => {
      visits += 1;
      if (which === 'that threw') throw new Error('broken');
      return false; // the second row is never visited
    });
    await done.catch(() => undefined);
    for (const row of rows) table.put({ ...row, title: 'new' });
    expect(visits).toBe(1);
  });
});
