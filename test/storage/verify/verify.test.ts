/** Reading everything: what fits together passes, and each way of not fitting is found and named. */
import { describe, expect, it } from 'vitest';
import { catalogRowOf } from '../../../src/model/catalog-row.ts';
import { type Head, newHead } from '../../../src/model/head.ts';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import type { StoredJournal } from '../../../src/storage/journal/stored-journal.ts';
import { packHead, packNothing, packRow } from '../../../src/storage/records/codec.ts';
import { record } from '../../../src/storage/records/frame.ts';
import * as keys from '../../../src/storage/records/keys.ts';
import { ROWS, SESSIONS, type Table, UPKEEP } from '../../../src/storage/records/keys.ts';
import { LmdbTables } from '../../../src/storage/tables/lmdb-tables.ts';
import { verifyInChild } from '../../../src/storage/verify/verify.ts';
import { verifyTables } from '../../../src/storage/verify/verify-tables.ts';
import { fork, removeFork } from '../contract-forks.ts';
import { folders } from '../folders.ts';
import {
  append,
  closedTurn,
  DAY_MS,
  keyOf,
  message,
  NOW,
  remove,
  waitingTurn,
  write,
} from '../sessions.ts';

const prefixOf = (id: string) => keys.sessionPrefix(keyOf(id));
const bytes = (key: string) => Buffer.from(key, 'latin1');

describe('verifying a store', () => {
  const folder = folders();

  /** A parent, its fork, a deleted grandparent that is kept for both, side transcripts, turns, audit. */
  const filled = async (journal: StoredJournal): Promise<{ parent: Head; child: Head }> => {
    const old = append(keyOf('old'), undefined, 'a', 'b', 'c');
    await journal.commit(old);
    const first = fork('parent', old.head);
    await journal.commit({
      ...first,
      audit: [{ kind: 'lifecycle', action: 'forked', atMs: NOW, by: 'test' }],
    });
    const second = write(keyOf('parent'), first.head, {
      head: { seq: 4, sideTranscripts: 1 },
      appends: [
        { subpath: '', entries: [message(4)] },
        { subpath: 'agent-1', entries: [message(1), message(2)] },
      ],
      streams: [{ subpath: 'agent-1', seq: 2 }],
      turns: [closedTurn()],
    });
    await journal.commit(second);
    const child = fork('child', second.head);
    await journal.commit(child);
    await journal.commit(removeFork(old.head));
    await journal.commit(append(keyOf('gone'), undefined, 'x'));
    await journal.commit(remove(keyOf('gone'), append(keyOf('gone')).head, NOW + DAY_MS));
    await journal.purge(1);
    const due = { kind: 'retry', atMs: NOW + DAY_MS } as const;
    const openTurns = [waitingTurn(due.atMs)];
    const dues = { added: [due], removed: [] };
    const sleeper = {
      head: { openTurns, status: 'waiting', seq: 1, messageCount: 1 },
      dues,
    } as const;
    const appends = [{ subpath: '', entries: [message(1)] }];
    await journal.commit(write(keyOf('sleeper'), undefined, { ...sleeper, appends }));
    return { parent: second.head, child: child.head };
  };

  const broken = async (
    harm: (tables: LmdbTables, heads: { parent: Head; child: Head }) => void,
  ): Promise<string[]> => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    const heads = await filled(journal);
    await close();
    const tables = new LmdbTables(dir);
    tables.transaction(() => harm(tables, heads));
    const { problems } = verifyTables(tables);
    await tables.close();
    return problems.map(({ key, why }) => `${JSON.parse(key)} ${why}`);
  };
  const without = (table: Table, key: string) =>
    broken((tables) => tables.remove(table, bytes(key)));

  it('one that is as it should be passes', async () => {
    expect(await broken(() => {})).toEqual([]);
  });

  it('passes while somebody writes, for it sees one moment', async () => {
    const { journal, close } = await openLmdbJournal({ dir: folder() });
    const first = append(keyOf('s'));
    await journal.commit(first);
    let [isOver, at] = [false, first.head];
    const writing = (async () => {
      while (!isOver) {
        const next = append(keyOf('s'), at);
        at = next.head;
        await journal.commit(next);
      }
    })();
    const { path = '' } = journal.info() as { path?: string };
    for (let round = 0; round < 3; round += 1)
      expect(await verifyInChild(path)).not.toHaveProperty('why');
    isOver = true;
    await writing;
    await close();
  });

  it('a session that waits and is not due, and one that is due and does not wait, are named', async () => {
    const due = (id: string) => keys.dueKey('retry', prefixOf(id), NOW + DAY_MS);
    expect(await without(UPKEEP, due('sleeper'))).toEqual([
      expect.stringContaining('is missing: nobody would wake the session'),
    ]);
    const nothing = record(due('parent'), packNothing, null);
    expect(await broken((tables) => tables.put(UPKEEP, bytes(due('parent')), nothing))).toEqual([
      expect.stringContaining('is due for nobody'),
    ]);
    const later = `${due('sleeper')}`.replace('dr', 'dx');
    const unknown = record(later, packNothing, null);
    expect(await broken((tables) => tables.put(UPKEEP, bytes(later), unknown))).toEqual([
      expect.stringContaining('a way that this version does not know'),
    ]);
  });

  it('an entry that is missing is named', async () => {
    const key = keys.entryKey(prefixOf('parent'), '', 4);
    expect(await without(SESSIONS, key)).toContainEqual(expect.stringContaining('is missing'));
    const kept = keys.entryKey(prefixOf('old'), '', 1);
    expect(await without(SESSIONS, kept)).toContainEqual(
      expect.stringContaining('the fork parent refers to it'),
    );
  });

  it('an entry that the head does not know is named', async () => {
    const found = await broken((tables, { parent }) => {
      const key = keys.headKey(prefixOf('parent'));
      const head = { ...parent, seq: 3 };
      tables.put(SESSIONS, bytes(key), record(key, packHead, { head, epoch: 1 }));
    });
    expect(found).toContainEqual(expect.stringContaining('is not known to the head'));
  });

  it('a side transcript that is shorter than its record says is named', async () => {
    const key = keys.entryKey(prefixOf('parent'), 'agent-1', 2);
    expect(await without(SESSIONS, key)).toContainEqual(
      expect.stringContaining('says that it has 2 entries, there are 1'),
    );
  });

  it('a row that disagrees with its head, or is missing, is named', async () => {
    expect(await without(ROWS, prefixOf('child'))).toContainEqual(
      expect.stringContaining('has no row'),
    );
    const found = await broken((tables) => {
      const key = keys.rowKey(prefixOf('child'));
      const row = { ...catalogRowOf(newHead(keyOf('child'), NOW)), version: 9 };
      tables.put(ROWS, bytes(key), record(key, packRow, row));
    });
    expect(found).toContainEqual(expect.stringContaining('something else than the head'));
  });

  it('a head that is missing, with or without its row, is named', async () => {
    const key = keys.headKey(prefixOf('parent'));
    expect(await without(SESSIONS, key)).toContainEqual(expect.stringContaining('is missing'));
    const found = await broken((tables) => {
      tables.remove(SESSIONS, bytes(key));
      tables.remove(ROWS, bytes(prefixOf('parent')));
    });
    expect(found).toContainEqual(expect.stringContaining('the rest is there'));
  });

  it('a reference that is missing, or is nobody’s, is named', async () => {
    const held = keys.referenceKey(prefixOf('old'), 3, prefixOf('child'));
    expect(await without(UPKEEP, held)).toContainEqual(expect.stringContaining('is missing'));
    const found = await broken((tables) => {
      const key = keys.referenceKey(prefixOf('old'), 2, prefixOf('child'));
      tables.put(UPKEEP, bytes(key), record(key, packNothing, null));
    });
    expect(found).toEqual([expect.stringContaining('is held by nobody')]);
  });

  it('an audit record that is missing is named', async () => {
    const found = await broken((tables) => {
      const start = keys.auditPrefix(keyOf('x').tenant);
      for (const { key } of tables.range(2, { start, end: keys.after(start), limit: 9 }))
        tables.remove(2, bytes(key));
    });
    expect(found).toContainEqual(expect.stringContaining('an audit record that is missing'));
  });
});
