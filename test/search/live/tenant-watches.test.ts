/** Changes that wait are worked off in their order, a few at a time, while others come in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Condition } from '../../../src/model/criteria.ts';
import type { SessionId } from '../../../src/model/ids.ts';
import { LiveWatch } from '../../../src/search/live/live-watch.ts';
import { TenantWatches } from '../../../src/search/live/tenant-watches.ts';
import { rowOf } from '../summary-row.ts';

const begun = (more: Condition = {}) => {
  const watches = new TenantWatches();
  const watch = new LiveWatch('w', { tags: ['a'], ...more }, 0);
  watches.add(watch);
  watch.beginUntold();
  watches.begin(watch);
  const rows = new Map<string, CatalogRow>();
  const put = (sessionId: string, fields: Partial<CatalogRow>): void => {
    const row = rowOf(sessionId, fields);
    watches.willBe(sessionId as SessionId, row, () => rows.get(sessionId));
    rows.set(sessionId, row);
  };
  return { watches, watch, put };
};

const told = async (watch: LiveWatch, after = 0) => {
  const batch = await watch.next({ after, limit: 100, waitMs: 0 }, 0);
  if (batch.kind !== 'changes') throw new Error(batch.why);
  return batch.changes.map(({ type, sessionId }) => `${type} ${sessionId}`);
};

test('of a session that changes again while others are worked off, the later change is told too', async () => {
  const { watches, watch, put } = begun();
  for (const id of ['s1', 's2', 's3']) put(id, { tags: ['a'] });
  expect(watches.workOff(1)).toMatchObject({ changes: 1 });
  put('s1', { tags: [] });
  put('s2', { tags: ['a', 'b'] });
  put('s4', { tags: ['a'] });
  expect(watches.changed).toBe(5);
  watches.workOff(1_000);
  expect(watches.changed).toBe(0);
  expect(await told(watch)).toEqual(['entered s2', 'entered s3', 'entered s4']);
});

test('fewer changes are worked off at a time where a watch asks much of each', () => {
  const noneOf = Array.from({ length: 200 }, (_, n) => ({ idPrefix: `x${n}` }));
  const changesOf = ({ watches, put }: ReturnType<typeof begun>) => {
    for (let n = 0; n < 50; n += 1) put(`s${n}`, { tags: ['a'] });
    return watches.workOff(100).changes;
  };
  expect(changesOf(begun())).toBe(50);
  expect(changesOf(begun({ allOf: [{ noneOf }] }))).toBe(2);
});

test('whoever asks hears once all that was noted before is worked off, in however small steps', () => {
  const step = fc.oneof(
    fc.record({ put: fc.constantFrom('s1', 's2', 's3'), isTagged: fc.boolean() }),
    fc.record({ most: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ ask: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { watches, put } = begun();
      let [noted, done, asked, heard] = [0, 0, 0, 0];
      for (const each of steps)
        if ('put' in each) {
          const before = watches.changed;
          put(each.put, { tags: each.isTagged ? ['a'] : [] });
          noted += watches.changed - before;
        } else if ('most' in each) done += watches.workOff(each.most).changes;
        else {
          const notedBefore = noted;
          asked += 1;
          watches.afterAllNoted(() => {
            heard += 1;
            expect(noted - watches.changed).toBeGreaterThanOrEqual(notedBefore);
          });
        }
      done += watches.workOff(1_000).changes;
      expect([done, heard, watches.changed]).toEqual([noted, asked, 0]);
    }),
  );
});
