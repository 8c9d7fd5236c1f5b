/** The journal's contract: what was stored comes back as it was, in order, in pages. */
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { catalogRowOf } from '../../src/model/catalog-row.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Head } from '../../src/model/head.ts';
import { newTurnId, type Tenant } from '../../src/model/ids.ts';
import {
  DROPPED_AT_ONCE,
  droppedWith,
  type MetricsPoint,
  NEWEST_KEPT,
} from '../../src/model/metrics.ts';
import type { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { read } from '../support/read-journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { append, closedTurn, keyOf, message, NOW, remove, textOf, write } from './sessions.ts';

const pointAt = (number: number): MetricsPoint => ({
  ...{ atMs: NOW + number, messages: 2 * number, toolCalls: 1, hookExecutions: 0, errors: 0 },
  ...{ permissionChecks: 1, retries: 0, costNanoUsd: number % 2 === 0 ? null : 10 ** 12 },
  ...{ inputTokens: 10 ** 9, outputTokens: 1, cacheCreationInputTokens: 0, runMs: 5 },
  ...{ cacheReadInputTokens: 0, toolRuns: 1, toolMs: 2 },
});

const byCode = (a: string, b: string): number => (a < b ? -1 : 1);

const seqs = (entries: readonly Entry[]): number[] => entries.map(({ seq }) => seq);

export const readsContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);
  const key = keyOf('s1');

  describe('heads and rows', () => {
    it('a head keeps what this version does not know, and its numbers', async () => {
      const journal = await ground().journal();
      const fields = {
        title: 'Grüße 👋',
        metadata: { nested: { list: [1, 'two', null, 3.5, -1, 2 ** 40] }, empty: {} },
        costNanoUsd: Number.MAX_SAFE_INTEGER,
        newInVersion2: { kept: true },
      } as Partial<Head>;
      const change = write(key, undefined, { head: fields });
      await journal.commit(change);
      expect(await read(journal).head(key)).toEqual(change.head);
    });

    it('an unknown session has nothing', async () => {
      const journal = await ground().journal();
      expect(await read(journal).head(key)).toBeUndefined();
      expect(await read(journal).entries(key)).toEqual([]);
      expect(await read(journal).turns(key, { limit: 10 })).toEqual([]);
      expect(await read(journal).streams(key)).toEqual([]);
      expect(await read(journal).tombstone(key)).toBeUndefined();
    });

    it('every row is visited once, with what the head says', async () => {
      const journal = await ground().journal();
      const changes = Array.from({ length: 2_500 }, (_, n) =>
        write(keyOf(`s${n}`, `tenant${n % 3}`), undefined, { head: { title: `number ${n}` } }),
      );
      await Promise.all(changes.map((change) => journal.commit(change)));
      const rows = new Map<string, CatalogRow>();
      await journal.scanRows((row) => rows.set(row.key.sessionId, row));
      expect(rows.size).toBe(2_500);
      for (const { head } of changes)
        expect(rows.get(head.key.sessionId)).toEqual(catalogRowOf(head));
    });

    it('a series is read newest first, without what made room, and goes with its session', async () => {
      const journal = await ground().journal();
      let head: Head | undefined;
      for (let number = 1; number <= NEWEST_KEPT + DROPPED_AT_ONCE; number += 1) {
        const snapshot = { number, point: pointAt(number), drops: droppedWith(number) };
        const change = { ...write(key, head), snapshot };
        await journal.commit(change);
        head = change.head;
      }
      const last = NEWEST_KEPT + DROPPED_AT_ONCE;
      const kept = [...Array(last + 1).keys()]
        .slice(1)
        .filter((number) => number > DROPPED_AT_ONCE || number % 2 === 0);
      const newestFirst = kept.toReversed().map(pointAt);
      expect(await read(journal).metrics(key, 1_000)).toEqual(newestFirst);
      expect(await read(journal).metrics(key, 2)).toEqual(newestFirst.slice(0, 2));
      expect(await read(journal).metrics(keyOf('s10'), 1_000)).toEqual([]);
      await journal.commit(remove(key, head as Head, NOW));
      await journal.purge(10);
      await journal.commit(write(key, undefined));
      expect(await read(journal).metrics(key, 1_000)).toEqual([]);
    });

    it('reads of records are counted', async () => {
      const journal = await ground().journal();
      const before = journal.stats().reads;
      const session = await journal.open(key);
      await session.entries();
      await session.turn(newTurnId(NOW));
      expect(journal.stats().reads).toBe(before + 3);
    });
  });

  describe('entries', () => {
    const tenEntries = async (): Promise<StoredJournal> => {
      const journal = await ground().journal();
      await journal.commit(append(key, undefined, ...Array.from({ length: 10 }, (_, n) => `${n}`)));
      return journal;
    };

    it('come in order, in any part that is asked for', async () => {
      const journal = await tenEntries();
      expect(seqs(await read(journal).entries(key))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(seqs(await read(journal).entries(key, { from: 4, to: 6 }))).toEqual([4, 5, 6]);
      expect(seqs(await read(journal).entries(key, { from: 9, to: 99 }))).toEqual([9, 10]);
      expect(seqs(await read(journal).entries(key, { limit: 2 }))).toEqual([1, 2]);
      expect(seqs(await read(journal).entries(key, { from: 11 }))).toEqual([]);
    });

    it('come newest first when asked so', async () => {
      const journal = await tenEntries();
      expect(seqs(await read(journal).entries(key, { reverse: true, limit: 3 }))).toEqual([
        10, 9, 8,
      ]);
      expect(seqs(await read(journal).entries(key, { reverse: true, from: 4, to: 5 }))).toEqual([
        5, 4,
      ]);
    });

    it('keep their bodies byte for byte, and all their fields', async () => {
      const journal = await ground().journal();
      const odd = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const entries: Entry[] = [
        { ...message(1), body: odd, usage: { inputTokens: 3, newField: 4 } as never },
        { kind: 'imported', seq: 2, atMs: NOW, body: new Uint8Array(0) },
        {
          kind: 'view',
          seq: 3,
          atMs: NOW,
          view: { type: 'repair', afterSeq: 1, toolUseIds: ['t'] },
        },
      ];
      await journal.commit(
        write(key, undefined, { head: { seq: 3 }, appends: [{ subpath: '', entries }] }),
      );
      const plain = (await read(journal).entries(key)).map((entry) =>
        entry.kind === 'view' ? entry : { ...entry, body: Buffer.from(entry.body) },
      );
      expect(plain).toEqual([entries[0], { ...entries[1], body: Buffer.alloc(0) }, entries[2]]);
    });

    it('are the reader’s own: changing one changes nothing stored', async () => {
      const journal = await tenEntries();
      const [entry] = await read(journal).entries(key);
      if (entry?.kind === 'message') entry.body.fill(0);
      expect(textOf((await read(journal).entries(key))[0])).toContain('"0"');
    });

    it('of neighbours do not mix, whatever their ids begin with', async () => {
      const journal = await ground().journal();
      for (const id of ['a', 'a-', 'a-b', 'aa', 'A', '_'])
        await journal.commit(append(keyOf(id), undefined, id));
      for (const id of ['a', 'a-', 'a-b', 'aa', 'A', '_'])
        expect((await read(journal).entries(keyOf(id))).map(textOf)).toEqual([
          textOf(message(1, id)),
        ]);
    });
  });

  describe('side transcripts', () => {
    it('are numbered on their own and listed in order of their subpaths', async () => {
      const journal = await ground().journal();
      const subpaths = ['', 'agent-b', 'agent-a', 'a\0b', `long-${'x'.repeat(250)}`, 'agent-ü'];
      await journal.commit(
        write(key, undefined, {
          head: { seq: 1 },
          appends: subpaths.map((subpath) => ({ subpath, entries: [message(1, `in ${subpath}`)] })),
          streams: subpaths.map((subpath) => ({ subpath, seq: 1, imported: { lines: 1 } })),
        }),
      );
      expect((await read(journal).streams(key)).map(({ subpath }) => subpath)).toEqual(
        [...subpaths].sort(byCode),
      );
      for (const subpath of subpaths)
        expect((await read(journal).entries(key, { subpath })).map(textOf)).toEqual([
          textOf(message(1, `in ${subpath}`)),
        ]);
    });

    it('keep what the importer noted, and count responses once', async () => {
      const journal = await ground().journal();
      const imported = { externalKey: '/home/a', digest: Buffer.from([1, 2]) };
      await journal.commit(
        write(key, undefined, {
          streams: [{ subpath: 'agent-1', seq: 0, imported }],
          responses: [{ responseKey: 'msg/req', record: { outputTokens: 7 } }],
        }),
      );
      expect(await read(journal).stream(key, 'agent-1')).toEqual({
        subpath: 'agent-1',
        seq: 0,
        imported,
      });
      expect(await read(journal).stream(key, 'agent-2')).toBeUndefined();
      expect(await read(journal).response(key, 'msg/req')).toEqual({ outputTokens: 7 });
      expect(await read(journal).response(key, 'msg')).toBeUndefined();
    });
  });

  describe('the ledger and the audit', () => {
    it('turns come newest first, page by page', async () => {
      const journal = await ground().journal();
      const turns = Array.from({ length: 5 }, (_, n) => closedTurn(newTurnId(NOW + n)));
      await journal.commit(write(key, undefined, { turns }));
      const newest = [...turns].reverse();
      const page = await read(journal).turns(key, { limit: 2 });
      expect(page).toEqual(newest.slice(0, 2));
      expect(await read(journal).turns(key, { limit: 9, cursor: page[1]?.turnId ?? '' })).toEqual(
        newest.slice(2),
      );
    });

    it('turn ids of any length keep their order', async () => {
      const journal = await ground().journal();
      const ids = ['a', 'ab', 'abc', 'b', 'Z', '_'];
      await journal.commit(
        write(key, undefined, { turns: ids.map((id) => closedTurn(id as never)) }),
      );
      const listed = (await read(journal).turns(key, { limit: 10 })).map(({ turnId }) => turnId);
      expect(listed).toEqual([...ids].sort(byCode).reverse());
    });

    it('audit records come newest first, by tenant, page by page', async () => {
      const journal = await ground().journal();
      const audit = (n: number) =>
        [{ kind: 'lifecycle', action: 'created', atMs: NOW + n, by: `n${n}` }] as const;
      for (let n = 0; n < 4; n += 1)
        await journal.commit(write(keyOf(`s${n}`), undefined, { audit: audit(n) }));
      await journal.commit(write(keyOf('s1', 'other'), undefined, { audit: audit(9) }));
      const page = await journal.audit('default' as Tenant, { limit: 3 });
      expect(page.map(({ sessionId, by }) => `${sessionId} ${by}`)).toEqual([
        's3 n3',
        's2 n2',
        's1 n1',
      ]);
      const rest = await journal.audit('default' as Tenant, {
        limit: 9,
        cursor: page[2]?.cursor ?? '',
      });
      expect(rest.map(({ by }) => by)).toEqual(['n0']);
    });

    it('audit of a span of time begins and ends with its moments, wherever a cursor stands', async () => {
      const journal = await ground().journal();
      const audit = [1, 2, 3, 4].map(
        (n) => ({ kind: 'lifecycle', action: 'created', atMs: NOW + n, by: `n${n}` }) as const,
      );
      await journal.commit(write(key, undefined, { audit }));
      const tenant = 'default' as Tenant;
      const both = async (page: { afterMs?: number; beforeMs?: number; cursor?: string }) => {
        const ofAll = await journal.audit(tenant, { limit: 9, ...page });
        const own = await read(journal).audit(key, { limit: 9, ...page });
        return [ofAll, own].map((records) => records.map(({ by }) => by).join(' '));
      };
      expect(await both({ afterMs: NOW + 2, beforeMs: NOW + 3 })).toEqual(['n3 n2', 'n2 n3']);
      expect(await both({ afterMs: NOW + 1.5 })).toEqual(['n4 n3 n2', 'n2 n3 n4']);
      expect(await both({ beforeMs: NOW + 1 })).toEqual(['n1', 'n1']);
      expect(await both({ afterMs: NOW + 3, beforeMs: NOW + 2 })).toEqual(['', '']);
      expect(await both({ afterMs: 1e300 })).toEqual(['', '']);
      expect(await both({ beforeMs: 1e300 })).toEqual(['n4 n3 n2 n1', 'n1 n2 n3 n4']);
      const [, , , first] = await journal.audit(tenant, { limit: 9 });
      const cursor = first?.cursor ?? '';
      expect(await both({ afterMs: NOW + 2, cursor })).toEqual(['', 'n2 n3 n4']);
    });

    it('a session’s own audit comes oldest first, and its responses in order, page by page', async () => {
      const journal = await ground().journal();
      const audit = [1, 2, 3].map(
        (n) => ({ kind: 'lifecycle', action: 'created', atMs: NOW + n, by: `n${n}` }) as const,
      );
      const responses = ['a', 'b', 'c'].map((responseKey) => ({
        responseKey,
        record: responseKey,
      }));
      await journal.commit(write(keyOf('other'), undefined, { audit, responses }));
      await journal.commit(write(key, undefined, { audit, responses }));
      const told = await read(journal).audit(key, { limit: 2 });
      const later = await read(journal).audit(key, { limit: 9, cursor: told[1]?.cursor ?? '' });
      expect([...told, ...later].map(({ by }) => by)).toEqual(['n1', 'n2', 'n3']);
      const page = await read(journal).responses(key, { limit: 2 });
      const rest = await read(journal).responses(key, { limit: 9, cursor: page[1]?.cursor ?? '' });
      expect([...page, ...rest].map(({ record }) => record)).toEqual(['a', 'b', 'c']);
      expect(await read(journal).responses(keyOf('nobody'), { limit: 9 })).toEqual([]);
    });
  });
};
