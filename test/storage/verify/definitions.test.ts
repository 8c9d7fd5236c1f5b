/** Reading everything: definitions and prompts that do not fit to the rest are found and named. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { memoryJournal } from '../../../src/storage/memory/memory-journal.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { verifyTables } from '../../../src/storage/verify/verify-tables.ts';
import { define, schedule } from '../contract-definitions.ts';
import { keyOf, NOW, write } from '../sessions.ts';

describe('definitions that do not fit', () => {
  it('are found, each way', async () => {
    const store = new MemoryStore();
    const journal = memoryJournal({ store });
    await journal.define(define(schedule('s'), 0, { now: { record: {}, dueMs: NOW } }));
    await journal.define(define(schedule('t'), 0, { now: { record: {}, dueMs: NOW } }));
    const body = Buffer.from('x');
    await journal.commit(
      write(keyOf('lost'), undefined, { prompts: [{ turnId: 'no' as TurnId, body }] }),
    );
    expect(verifyTables(store.tables).problems).toMatchObject([
      { why: 'is of no turn that is yet to begin' },
    ]);
    // Said to have been due at another time: the old place stays.
    await journal.define(
      define(schedule('s'), 1, { wasDueMs: NOW + 1, now: { record: {}, dueMs: NOW + 9 } }),
    );
    await journal.define(
      define(schedule('t'), 1, { wasDueMs: NOW + 2, now: { record: {}, dueMs: NOW + 2 } }),
    );
    const why = verifyTables(store.tables).problems.map((problem) => problem.why);
    expect(why.toSorted()).toEqual([
      'is due for no schedule',
      'is due for no schedule',
      'is missing: the schedule would never be looked at',
      'is of no turn that is yet to begin',
    ]);
  });
});
