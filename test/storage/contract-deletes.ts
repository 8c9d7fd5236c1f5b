/** The journal's contract: a delete is seen at once, remembered for a while, and purged in small steps. */
import { describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/model/ids.ts';
import type { SessionWrite } from '../../src/session/ports/journal.ts';
import type { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { read } from '../support/read-journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import {
  append,
  closedTurn,
  codeOf,
  DAY_MS,
  keyOf,
  message,
  NOW,
  remove,
  textOf,
  write,
} from './sessions.ts';

const UNTIL = NOW + 30 * DAY_MS;

export const deletesContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);
  const key = keyOf('s1');
  const turn = closedTurn();

  const withDeleted = async (entries = 3): Promise<StoredJournal> => {
    const journal = await ground().journal();
    const first = append(key, undefined, ...Array.from({ length: entries }, (_, n) => `${n}`));
    const second = write(key, first.head, { turns: [turn] });
    await journal.commit(first);
    await journal.commit(second);
    await journal.commit(remove(key, second.head, UNTIL));
    return journal;
  };

  describe('deletes', () => {
    it('a deleted session has no head, no row, no entries and no turns, purged or not', async () => {
      const journal = await withDeleted();
      const rows: unknown[] = [];
      await journal.scanRows((row) => rows.push(row));
      expect(rows).toEqual([]);
      expect(await read(journal).head(key)).toBeUndefined();
      expect(await read(journal).entries(key)).toEqual([]);
      expect(await read(journal).turn(key, turn.turnId)).toBeUndefined();
      expect(await read(journal).turns(key, { limit: 10 })).toEqual([]);
    });

    it('it leaves a tombstone and an audit record', async () => {
      const journal = await withDeleted();
      expect(await read(journal).tombstone(key)).toEqual({ deletedAtMs: NOW, untilMs: UNTIL });
      const [record] = await journal.audit('default' as Tenant, { limit: 1 });
      expect(record).toMatchObject({ action: 'deleted', sessionId: 's1' });
    });

    it('it is not created again while its tombstone stands', async () => {
      const journal = await withDeleted();
      expect(await codeOf(journal.commit(append(key)))).toBe('session_deleted');
      expect(await read(journal).head(key)).toBeUndefined();
    });

    it('afterwards it can be created, empty, once its records are purged', async () => {
      const journal = await withDeleted();
      ground().clock.jump(31 * DAY_MS);
      expect(await codeOf(journal.commit(append(key)))).toBe('session_deleted');
      await journal.purge(10);
      await journal.commit(append(key, undefined, 'anew'));
      expect(await read(journal).entries(key)).toHaveLength(1);
      expect(await read(journal).turn(key, turn.turnId)).toBeUndefined();
    });

    it('a stale delete is refused', async () => {
      const journal = await ground().journal();
      const first = append(key);
      await journal.commit(first);
      await journal.commit(append(key, first.head));
      expect(await codeOf(journal.commit(remove(key, first.head, UNTIL)))).toBe('version_conflict');
      expect((await read(journal).head(key))?.version).toBe(2);
    });
  });

  describe('a side transcript that is dropped', () => {
    const many = 1_200; // more than are removed at a time
    const side = (subpath: string, marks: string): Partial<SessionWrite> => ({
      appends: [{ subpath, entries: Array.from({ length: many }, (_, n) => message(n + 1)) }],
      streams: [{ subpath, seq: many }],
      responses: Array.from({ length: many }, (_, n) => ({
        responseKey: `${marks}${n}`,
        record: true,
      })),
    });

    it('goes with its entries and its marks, and nothing else does', async () => {
      const journal = await ground().journal();
      const first = write(key, undefined, side('a', 'uuid/a/'));
      const second = write(key, first.head, side('ab', 'uuid/ab/'));
      const main = append(key, second.head);
      for (const change of [first, second, main]) await journal.commit(change);
      const drops = [{ subpath: 'a', marks: 'uuid/a/' }];
      await journal.commit(write(key, main.head, { drops }));
      expect(await read(journal).stream(key, 'a')).toBeUndefined();
      expect(await read(journal).entries(key, { subpath: 'a' })).toEqual([]);
      expect(await read(journal).response(key, 'uuid/a/0')).toBeUndefined();
      expect((await read(journal).streams(key)).map(({ subpath }) => subpath)).toEqual(['ab']);
      expect(await read(journal).entries(key, { subpath: 'ab', limit: 9_999 })).toHaveLength(many);
      expect(await read(journal).response(key, `uuid/ab/${many - 1}`)).toBe(true);
      expect(await read(journal).entries(key)).toHaveLength(1);
    });

    it('can begin anew in the commit that drops it', async () => {
      const journal = await ground().journal();
      const first = write(key, undefined, side('a', 'uuid/a/'));
      await journal.commit(first);
      const anew: Partial<SessionWrite> = {
        drops: [{ subpath: 'a', marks: 'uuid/a/' }],
        appends: [{ subpath: 'a', entries: [message(1, 'anew')] }],
        streams: [{ subpath: 'a', seq: 1 }],
      };
      await journal.commit(write(key, first.head, { ...anew }));
      expect((await read(journal).entries(key, { subpath: 'a' })).map(textOf)).toEqual([
        textOf(message(1, 'anew')),
      ]);
    });

    it('stays when the change is refused', async () => {
      const journal = await ground().journal();
      const first = write(key, undefined, side('a', 'uuid/a/'));
      await journal.commit(first);
      await journal.commit(append(key, first.head));
      const late = write(key, first.head, { drops: [{ subpath: 'a', marks: 'uuid/a/' }] });
      expect(await codeOf(journal.commit(late))).toBe('version_conflict');
      expect(await read(journal).entries(key, { subpath: 'a' })).toHaveLength(100);
    });
  });

  describe('purging', () => {
    it('frees about what was written, and nothing of the neighbours', async () => {
      const journal = await ground().journal();
      const [bigKey, neighbour] = [keyOf('s1'), keyOf('s1-')];
      await journal.commit(append(neighbour));
      const change = append(
        bigKey,
        undefined,
        ...Array.from({ length: 1_200 }, () => 'x'.repeat(500)),
      );
      await journal.commit(change);
      const foreseen = await journal.bytesOf(bigKey);
      await journal.commit(remove(bigKey, change.head, UNTIL));
      const { purged, bytes, left } = await journal.purge(10);
      expect({ purged, left, bytes }).toEqual({ purged: 1, left: false, bytes: foreseen });
      expect(await journal.bytesOf(keyOf('none'))).toBe(0);
      expect(bytes).toBeGreaterThan(1_200 * 500);
      expect(bytes).toBeLessThan(1_200 * 700);
      expect(await read(journal).entries(neighbour)).toHaveLength(1);
    });

    it('takes large records in several steps, and sees all of them beforehand', async () => {
      const journal = await ground().journal();
      const texts = Array.from({ length: 18 }, () => 'x'.repeat(1024 * 1024)); // more than one step removes
      const change = append(key, undefined, 'small', ...texts, 'small');
      await journal.commit(change);
      const foreseen = await journal.bytesOf(key);
      await journal.commit(remove(key, change.head, UNTIL));
      const { bytes, purged, left } = await journal.purge(10);
      expect({ bytes, purged, left }).toEqual({ bytes: foreseen, purged: 1, left: false });
      expect(bytes).toBeGreaterThan(18 * 1024 * 1024);
    });

    it('takes what its tools did out of the audit, and leaves what became of it', async () => {
      const journal = await ground().journal();
      const tool = { kind: 'tool', action: 'succeeded', atMs: NOW, by: 'test' } as const;
      const life = { kind: 'lifecycle', action: 'created', atMs: NOW, by: 'test' } as const;
      const others = { permission: 'asked', hook: 'denied' } as const;
      const change = write(key, undefined, {
        audit: [
          life,
          tool,
          ...Object.entries(others).map(([kind, action]) => ({ ...tool, kind, action }) as const),
        ] as SessionWrite['audit'],
      });
      await journal.commit(change);
      await journal.commit(write(keyOf('other'), undefined, { audit: [tool] }));
      const foreseen = await journal.bytesOf(key);
      await journal.commit(remove(key, change.head, UNTIL));
      const { bytes, left } = await journal.purge(10);
      expect({ bytes, left }).toEqual({ bytes: foreseen, left: false });
      const records = await journal.audit('default' as Tenant, { limit: 100 });
      expect(records.map(({ sessionId, action }) => [sessionId, action])).toEqual([
        ['s1', 'deleted'],
        ['other', 'succeeded'],
        ['s1', 'created'],
      ]);
    });

    it('first has removed what a session left outside, one purge at a time', async () => {
      const steps: string[] = [];
      const journal = await ground().journal({
        removeFolders: async ({ sessionId }) => {
          steps.push(`begin ${sessionId}`);
          await new Promise((resolve) => setImmediate(resolve));
          await expect(journal.commit(append(keyOf(sessionId)))).rejects.toMatchObject({
            code: 'session_deleted',
          });
          steps.push(`end ${sessionId}`);
        },
      });
      for (const id of ['a', 'b']) {
        const change = append(keyOf(id));
        await journal.commit(change);
        await journal.commit(remove(keyOf(id), change.head, NOW));
      }
      await Promise.all([journal.purge(1), journal.purge(9), journal.purge(9)]);
      expect(steps).toEqual(['begin a', 'end a', 'begin b', 'end b']);
    });

    it('takes the sessions that it was allowed, and says that more are left', async () => {
      const journal = await ground().journal();
      for (const id of ['a', 'b', 'c']) {
        const change = append(keyOf(id));
        await journal.commit(change);
        await journal.commit(remove(keyOf(id), change.head, UNTIL));
      }
      expect(await journal.purge(2)).toMatchObject({ purged: 2, left: true });
      expect(await journal.purge(2)).toMatchObject({ purged: 1, left: false });
      expect(await journal.purge(2)).toEqual({ purged: 0, bytes: 0, left: false });
    });

    it('removes tombstones whose time is over', async () => {
      const journal = await withDeleted();
      await journal.purge(10);
      ground().clock.jump(31 * DAY_MS);
      expect((await journal.purge(10)).bytes).toBeGreaterThan(0);
      expect(await journal.purge(10)).toEqual({ purged: 0, bytes: 0, left: false });
    });
  });
};
