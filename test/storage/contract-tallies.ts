/** The journal's contract: tallies are what all commits together have added, and no refused one has. */
import { describe, expect, it } from 'vitest';
import { NO_TALLY, type TallyChange, type TallyName } from '../../src/model/budget.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { keyOf, remove, write } from './sessions.ts';

const TENANT = 'default' as Tenant;
const NAME = '["owner","ann","month","2026-11"]' as TallyName;
/** Its key is a hash. */
const LONG = JSON.stringify(['owner', 'ä'.repeat(256), 'total', '']) as TallyName;

export const talliesContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);

  describe('tallies', () => {
    const adding = (sessionId: string, ...tallies: TallyChange[]) => ({
      ...write(keyOf(sessionId), undefined),
      tallies,
    });

    it('one that nothing was added to is nothing', async () => {
      const journal = await ground().journal();
      expect(journal.tally(TENANT, NAME)).toEqual(NO_TALLY);
    });

    it('commits of many sessions at once add up, and are there when they resolve', async () => {
      const journal = await ground().journal();
      const seen: number[] = [];
      journal.subscribe((committed) => {
        if (committed.some(({ tallies }) => tallies !== undefined))
          seen.push(journal.tally(TENANT, NAME).spent);
      });
      await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          journal.commit(adding(`s${n}`, { name: NAME, spent: 2 }, { name: LONG, reserved: n })),
        ),
      );
      expect(journal.tally(TENANT, NAME)).toEqual({ ...NO_TALLY, spent: 100 });
      expect(journal.tally(TENANT, LONG)).toEqual({ ...NO_TALLY, reserved: 1_225 });
      expect(journal.tally('other' as Tenant, NAME)).toEqual(NO_TALLY);
      expect(seen.at(-1)).toBe(100);
    });

    it('long past ones go when the next period of their budget begins; others stay', async () => {
      const journal = await ground().journal();
      const of = (scope: string, value: string, per: string, period: string) =>
        JSON.stringify([scope, value, per, period]) as TallyName;
      const old = [
        ...['2026-01-01', '2026-08-31', '2026-09-28'].map((day) => of('owner', 'ann', 'day', day)),
        ...[of('owner', 'ann', 'month', '2025-08'), of('owner', 'ann', 'month', '2026-01')],
        ...[of('owner', 'bob', 'day', '2026-01-01'), of('owner', 'ann', 'total', ''), LONG],
      ];
      await journal.commit(adding('s', ...old.map((name) => ({ name, spent: 1 }))));
      const now = [of('owner', 'ann', 'day', '2026-11-29'), of('owner', 'ann', 'month', '2026-11')];
      for (const session of ['t', 'u'])
        await journal.commit(adding(session, ...now.map((name) => ({ name, spent: 1 }))));
      expect(old.map((name) => journal.tally(TENANT, name).spent)).toEqual([
        ...[0, 0, 1], // of 62 days
        ...[0, 1], // of 400 days
        ...[1, 1, 1],
      ]);
      expect(now.map((name) => journal.tally(TENANT, name).spent)).toEqual([2, 2]);
    });

    it('what is refused adds nothing, also not to those behind it', async () => {
      const journal = await ground().journal();
      await journal.commit(adding('s', { name: NAME, spent: 1 }));
      const stale = journal.commit(adding('s', { name: NAME, spent: 10 }));
      const other = journal.commit(adding('t', { name: NAME, spent: 100 }));
      await expect(stale).rejects.toMatchObject({ code: 'version_conflict' });
      await other;
      await journal.commit(adding('u', { name: NAME, spent: 1_000 }));
      expect(journal.tally(TENANT, NAME)).toEqual({ ...NO_TALLY, spent: 1_101 });
    });

    it('a deletion changes them too, and they outlive the session', async () => {
      const journal = await ground().journal();
      const made = adding('s', { name: NAME, reserved: 5 });
      await journal.commit(made);
      const tallies = [{ name: NAME, reserved: -5, estimated: 5 }];
      await journal.commit({ ...remove(made.key, made.head, 0), tallies });
      await journal.purge(10);
      expect(journal.tally(TENANT, NAME)).toEqual({ ...NO_TALLY, estimated: 5 });
    });
  });
};
