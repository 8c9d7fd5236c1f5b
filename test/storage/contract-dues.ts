/** The journal's contract: the due index is ordered by time, written with the change that it is about, and read for what is asked alone. */
import { describe, expect, it } from 'vitest';
import type { Due } from '../../src/model/due.ts';
import { isFull } from '../chaos/size.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { append, codeOf, keyOf, NOW, remove, write } from './sessions.ts';

const retry = (afterMs: number): Due => ({ kind: 'retry', atMs: NOW + afterMs });
const added = (...dues: Due[]) => ({ dues: { added: dues, removed: [] } });
const removed = (...dues: Due[]) => ({ dues: { added: [], removed: dues } });

/** Sessions for which something is due: a million in full size. */
const MANY = isFull() ? 1_000_000 : 3_000;

export const duesContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);

  describe('what is due', () => {
    it('is given in the order of time, from behind a place', async () => {
      const journal = await ground().journal();
      const times = [5_000, 1, 70_000, 2 ** 40, 300];
      for (const ms of times)
        await journal.commit(write(keyOf(`s${ms}`), undefined, added(retry(ms))));
      const all = await journal.due('retry', { limit: 9 });
      expect(all.map(({ atMs }) => atMs - NOW)).toEqual(times.toSorted((a, b) => a - b));
      expect(all[1]).toEqual({ key: keyOf('s300'), atMs: NOW + 300 });
      expect(await journal.due('retry', { limit: 2, after: all[1] })).toEqual(all.slice(2, 4));
    });

    it('at one time is given for each session, and from behind one of them', async () => {
      const journal = await ground().journal();
      for (const id of ['b', 'a', 'c'])
        await journal.commit(write(keyOf(id), undefined, added(retry(1))));
      const all = await journal.due('retry', { limit: 9 });
      expect(all.map(({ key }) => key.sessionId)).toEqual(['a', 'b', 'c']);
      expect(await journal.due('retry', { limit: 9, after: all[0] })).toEqual(all.slice(1));
    });

    it('goes with the change that says so, also where both stand in one transaction', async () => {
      const journal = await ground().journal();
      const first = write(keyOf('s'), undefined, added(retry(1)));
      const second = write(keyOf('s'), first.head, {
        dues: { added: [retry(9)], removed: [retry(1)] },
      });
      await Promise.all([journal.commit(first), journal.commit(second)]);
      expect((await journal.due('retry', { limit: 9 })).map(({ atMs }) => atMs - NOW)).toEqual([9]);
      await journal.commit(write(keyOf('s'), second.head, removed(retry(9))));
      expect(await journal.due('retry', { limit: 9 })).toEqual([]);
    });

    it('is neither there nor gone by a change that was refused', async () => {
      const journal = await ground().journal();
      const first = write(keyOf('s'), undefined, added(retry(1)));
      await journal.commit(first);
      const stale = write(keyOf('s'), undefined, {
        dues: { added: [retry(2)], removed: [retry(1)] },
      });
      expect(await codeOf(journal.commit(stale))).toBe('version_conflict');
      expect(await journal.due('retry', { limit: 9 })).toEqual([
        { key: keyOf('s'), atMs: NOW + 1 },
      ]);
    });

    it('goes with its session, and the end of the tombstone is due instead', async () => {
      const journal = await ground().journal();
      const first = write(keyOf('s'), undefined, added(retry(1)));
      await journal.commit(first);
      await journal.commit({ ...remove(keyOf('s'), first.head, NOW + 50), ...removed(retry(1)) });
      expect(await journal.due('retry', { limit: 9 })).toEqual([]);
      expect(await journal.due('tombstone', { limit: 9 })).toEqual([
        { key: keyOf('s'), atMs: NOW + 50 },
      ]);
      await ground().clock.advance(50);
      for (const purged of [1, 0]) expect(await journal.purge(9)).toMatchObject({ purged });
      expect(await journal.due('tombstone', { limit: 9 })).toEqual([]);
    });

    it('is no business of a purge, however long ago it was due', async () => {
      const journal = await ground().journal();
      const gone = append(keyOf('gone'));
      await journal.commit(gone);
      await journal.commit(remove(keyOf('gone'), gone.head, NOW));
      await journal.commit(write(keyOf('s'), undefined, added(retry(1))));
      await ground().clock.advance(1_000);
      expect(await journal.purge(9)).toMatchObject({ purged: 1, left: false });
      expect(await journal.due('retry', { limit: 9 })).toHaveLength(1);
    });

    it(`costs what it gives, with ${MANY.toLocaleString('en')} that are due later`, async () => {
      const journal = await ground().journal();
      for (let at = 0; at < MANY; at += 1_000)
        await Promise.all(
          Array.from({ length: 1_000 }, (_, n) =>
            journal.commit(write(keyOf(`s${at + n}`), undefined, added(retry(at + n)))),
          ),
        );
      const before = journal.stats();
      expect((await journal.due('retry', { limit: 1 }))[0]?.key).toEqual(keyOf('s0'));
      const after = journal.stats();
      expect(after.duesRead - before.duesRead).toBe(1);
      expect(after.reads).toBe(before.reads);
    }, 600_000);
  });
};
