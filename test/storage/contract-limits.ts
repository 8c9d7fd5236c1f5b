/** The journal's contract: what is too large, too much or cannot be stored is refused before the transaction. */
import { describe, expect, it } from 'vitest';
import type { SessionWrite } from '../../src/session/ports/journal.ts';
import { MAX_CHANGE_RECORDS, MAX_ENTRY_BYTES } from '../../src/storage/records/limits.ts';
import { read } from '../support/read-journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { append, codeOf, keyOf, message, NOW, remove, write } from './sessions.ts';

export const limitsContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);
  const key = keyOf('s1');
  const withEntries = (entries: readonly ReturnType<typeof message>[]): SessionWrite =>
    write(key, undefined, { head: { seq: entries.length }, appends: [{ subpath: '', entries }] });

  describe('limits', () => {
    it('an entry over its limit is refused', async () => {
      const journal = await ground().journal();
      const large = { ...message(1), body: new Uint8Array(MAX_ENTRY_BYTES + 1) };
      expect(await codeOf(journal.commit(withEntries([large])))).toBe('too_large');
    });

    it('a change of too many records or bytes is refused', async () => {
      const journal = await ground().journal();
      const many = Array.from({ length: MAX_CHANGE_RECORDS + 1 }, (_, n) => message(n + 1));
      expect(await codeOf(journal.commit(withEntries(many)))).toBe('too_large');
      const body = new Uint8Array(MAX_ENTRY_BYTES);
      const heavy = Array.from({ length: 5 }, (_, n) => ({ ...message(n + 1), body }));
      expect(await codeOf(journal.commit(withEntries(heavy)))).toBe('too_large');
    });

    it('an import’s chunk of 10,000 lines with a response each is stored in one change', async () => {
      const journal = await ground().journal();
      const entries = Array.from({ length: 10_000 }, (_, n) => message(n + 1));
      const responses = entries.map(({ seq }) => ({ responseKey: `r${seq}`, record: { seq } }));
      const streams = [{ subpath: '', seq: 10_000 }];
      await journal.commit({ ...withEntries(entries), responses, streams });
      expect((await read(journal).head(key))?.seq).toBe(10_000);
      expect(await read(journal).response(key, 'r10000')).toEqual({ seq: 10_000 });
    });

    it('a change within the limits but larger than any buffer is stored', async () => {
      const journal = await ground().journal();
      const body = Buffer.alloc(9 * 1024 * 1024, 'x');
      await journal.commit(withEntries([1, 2].map((seq) => ({ ...message(seq), body }))));
      const [, second] = await read(journal).entries(key);
      expect(second?.kind === 'message' && body.equals(second.body)).toBe(true);
    });

    const unstorable = (): SessionWrite =>
      write(key, undefined, {
        head: { seq: 1 },
        appends: [{ subpath: '', entries: [message(1)] }],
        audit: [
          { kind: 'lifecycle', action: 'created', atMs: NOW, by: 'x', details: { f: () => 1 } },
        ],
      });

    it('a commit whose last record cannot be stored leaves none of the others', async () => {
      const journal = await ground().journal();
      expect(await codeOf(journal.commit(unstorable()))).toBe('invalid_request');
      expect(await read(journal).head(key)).toBeUndefined();
      await journal.commit(append(key));
      expect(await read(journal).entries(key)).toHaveLength(1);
    });

    it('the same in a group of 100: the other 99 are stored whole', async () => {
      const journal = await ground().journal();
      const changes = Array.from({ length: 100 }, (_, n) =>
        n === 50 ? unstorable() : append(keyOf(`n${n}`)),
      );
      const outcomes = await Promise.allSettled(changes.map((change) => journal.commit(change)));
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
      expect(await read(journal).head(key)).toBeUndefined();
      for (const { key: other } of changes.filter((_, n) => n !== 50))
        expect(await read(journal).entries(other)).toHaveLength(1);
    });

    it('values that would come back changed are refused', async () => {
      const journal = await ground().journal();
      const odd = [
        JSON.parse('{"a":{"__proto__":1}}'),
        { n: 2n ** 70n },
        { f: () => 1 },
        { d: new Map() },
      ];
      for (const metadata of odd)
        expect(await codeOf(journal.commit(write(key, undefined, { head: { metadata } })))).toBe(
          'invalid_request',
        );
      expect(await read(journal).head(key)).toBeUndefined();
    });

    it('beyond the queue’s bound commits are refused, with a time to try again', async () => {
      const journal = await ground().journal({ maxWaitingChanges: 10 });
      const commits = Array.from({ length: 11 }, (_, n) => journal.commit(append(keyOf(`s${n}`))));
      await expect(commits[10]).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 200 });
      await Promise.all(commits.slice(0, 10));
      await journal.commit(append(keyOf('s10')));
    });

    it('with little free space nothing is added, and deletes pass', async () => {
      const space = { freeBytes: 5, low: false, isLow: () => space.low };
      const journal = await ground().journal({ space });
      const change = append(key);
      await journal.commit(change);
      space.low = true;
      expect(await codeOf(journal.commit(append(keyOf('s2'))))).toBe('disk_low');
      expect(journal.info().readOnlyBecause).toBe('disk_low');
      await journal.commit(remove(key, change.head, NOW));
      expect(await read(journal).head(key)).toBeUndefined();
    });

    it('a fenced journal refuses commits and reads, and answers what was under way', async () => {
      const journal = await ground().journal();
      const { gate, clock } = ground();
      gate.hold();
      const underWay = journal.commit(append(key));
      await clock.settle();
      journal.fence('the journal restarts');
      expect(await codeOf(journal.commit(append(keyOf('s2'))))).toBe('unavailable');
      await expect(journal.open(key)).rejects.toThrow('the journal restarts');
      gate.release();
      await underWay;
    });
  });
};
