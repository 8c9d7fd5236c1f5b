/** The sessions of a tenant: in all orders from the end of the loading on, and without a trace once they are gone. */
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { Loading, Saving } from '../../src/search/table/saved.ts';
import { SessionTable } from '../../src/search/table/session-table.ts';
import { rowOf, tenant } from './summary-row.ts';

const tableOf = (rows: Record<string, Partial<CatalogRow>>, isLoading = false): SessionTable => {
  const table = new SessionTable(tenant, { isLoading });
  for (const [id, fields] of Object.entries(rows)) table.put(rowOf(id, fields));
  return table;
};

const idsBy = (table: SessionTable, sortBy: keyof SessionTable['sorted']): string => {
  let ids = '';
  table.sorted[sortBy].index.each((slot) => {
    ids += table.idAt(slot);
  });
  return ids;
};

const idsFrom = (table: SessionTable, from: number, to: number): string => {
  let ids = '';
  table.eachById(from, to, (slot) => {
    ids += table.idAt(slot);
  });
  return ids;
};

const reloaded = (table: SessionTable): SessionTable => {
  const pieces: Buffer[] = [];
  const saving = new Saving((bytes) => pieces.push(Buffer.from(bytes)));
  table.save(saving);
  saving.end();
  const own = Buffer.allocUnsafeSlow(Buffer.concat(pieces).length);
  Buffer.concat(pieces).copy(own);
  const loaded = new SessionTable(tenant);
  loaded.load(new Loading(own));
  return loaded;
};

describe('whether times only went forward', () => {
  const back = { createdAtMs: 5, updatedAtMs: 4 };

  it('is so while no session was updated before it was made, nor in the same moment', () => {
    const forward = {
      a: { createdAtMs: 5, updatedAtMs: 5 },
      b: { createdAtMs: 1, updatedAtMs: 9 },
    };
    expect(tableOf({}).isForward).toBe(true);
    expect(tableOf(forward).isForward).toBe(true);
    expect(tableOf({ ...forward, c: back }).isForward).toBe(false);
  });

  it('is so again when the last such session is gone, or was updated since', () => {
    const table = tableOf({ a: back, b: back, c: back });
    table.delete('a');
    table.put(rowOf('b', { createdAtMs: 5, updatedAtMs: 6 }));
    expect(table.isForward).toBe(false);
    table.put(rowOf('c', { createdAtMs: 5, updatedAtMs: 5 }));
    expect(table.isForward).toBe(true);
    table.put(rowOf('d', { createdAtMs: 5, updatedAtMs: 5 }));
    table.delete('d');
    expect(table.isForward).toBe(true);
  });

  it('is kept by a snapshot', () => {
    expect(reloaded(tableOf({ a: back })).isForward).toBe(false);
    const table = tableOf({ a: back });
    table.delete('a');
    expect(reloaded(table).isForward).toBe(true);
  });
});

describe('a table that loads', () => {
  const rows = {
    c: { updatedAtMs: 1, numTurns: 1, owner: 'ann', tags: ['x'] },
    gone: { updatedAtMs: 2, owner: 'ann', tags: ['x'] },
    a: { updatedAtMs: 3, numTurns: 2, owner: 'ann' },
    b: { updatedAtMs: 2, numTurns: 1, tags: ['x'] },
    d: { updatedAtMs: 2, costNanoUsd: 9 },
  };
  const settled = (): SessionTable => {
    const table = tableOf(rows, true);
    table.put(rowOf('a', { ...rows.a, costNanoUsd: 5 }));
    table.delete('gone');
    expect(idsBy(table, 'updatedAt') + idsFrom(table, 0, 9)).toBe('');
    table.settle();
    return table;
  };

  it('has each session in each order when it settles, whichever came first', () => {
    const table = settled();
    expect(idsBy(table, 'updatedAt')).toBe('cbda');
    expect(idsBy(table, 'createdAt')).toBe('abcd');
    expect(idsBy(table, 'cost')).toBe('bcad');
    expect(idsBy(table, 'turns')).toBe('dbca');
    expect(idsFrom(table, 0, 4)).toBe('abcd');
  });

  it('has the lists of their values then, newest update last', () => {
    const { facets, tags } = settled();
    expect(facets.owner.postings.sums(facets.owner.valueOf('ann'))).toMatchObject({ sessions: 2 });
    expect(tags.postings.ordered(tags.keyOf('x')).size).toBe(2);
  });

  it('takes up at once what comes after it has settled, and settles once', () => {
    const table = settled();
    table.put(rowOf('bb', { updatedAtMs: 9 }));
    table.settle();
    expect(idsBy(table, 'updatedAt')).toBe('cbdabb');
    expect(idsFrom(table, 0, 5)).toBe('abbbcd');
    table.delete('a');
    expect(idsFrom(table, 0, 4)).toBe('bbbcd');
    expect(table.sums).toMatchObject({ sessions: 4, costNanoUsd: 9 });
  });
});

describe('ids that begin alike', () => {
  const table = tableOf({ b1: {}, a: {}, b: {}, b2: {}, c: {} });
  it.each([
    ['b', 'bb1b2'],
    ['b1', 'b1'],
    ['c', 'c'],
    ['d', ''],
    ['B', ''],
    ['bb', ''],
  ])('%s is the beginning of: %s', (prefix, ids) => {
    const [from, to] = table.ranksOf(prefix);
    expect(idsFrom(table, from, to)).toBe(ids);
    expect(to).toBeGreaterThanOrEqual(from);
  });
});

describe('a session that is gone', () => {
  it('leaves no tag, tool or text behind, nor work', () => {
    const fields = { tags: ['x'], toolsUsed: ['Read'], title: 'T', openTurns: 1, tokens: 4 };
    const table = tableOf({ a: { ...fields, owner: 'ann' }, b: {} });
    const slot = table.slotOf('a') ?? 0;
    table.texts.set(slot, 7);
    table.delete('a');
    table.delete('a');
    expect(table.slotOf('a')).toBeUndefined();
    expect([table.tags.tags(slot), table.tools.tags(slot)]).toEqual([[], []]);
    expect([table.texts.numberOf(slot), table.tokens.at(slot), table.open.size]).toEqual([0, 0, 0]);
    expect(table.rowAt(slot)).toMatchObject({ title: undefined, owner: undefined, version: 0 });
    expect(table.sums).toMatchObject({ sessions: 1, tokens: 0 });
  });
});

describe('what an awake session does', () => {
  it.each<[boolean, string, Partial<CatalogRow>]>([
    [true, 'a turn that is open', { openTurns: 1 }],
    [false, 'none that is open', {}],
    [false, 'one that waits for a moment', { openTurns: 1, status: 'waiting' }],
    [true, 'an offer', { offers: ['x'] as never }],
    [true, 'an offer of one that waits', { status: 'waiting', offers: ['x'] as never }],
  ])('%s: %s', (isOpen, _, fields) => {
    const table = tableOf({ a: fields });
    expect(table.open.size).toBe(isOpen ? 1 : 0);
    table.put(rowOf('a'));
    expect(table.open.size).toBe(0);
  });
});

describe('what the table says it weighs', () => {
  it('has the sessions with work, and the slots that are free', () => {
    const table = tableOf({ a: {}, b: { openTurns: 1 }, c: {} });
    const before = table.bytes;
    table.put(rowOf('c', { openTurns: 1 }));
    expect(table.bytes - before).toBe(32);
    table.delete('a');
    expect(table.bytes - before).toBe(32 + 8 + 8); // its slot, and where its id stood
  });

  it('has the numbers of the text index', () => {
    const table = tableOf({ a: {} });
    const before = table.bytes;
    table.texts.set(1, 7);
    expect(table.texts.bytes).toBeGreaterThan(0);
    expect(table.bytes - before).toBe(table.texts.bytes);
  });
});

it('rows that are fetched are read before they are asked for, each of them', () => {
  const table = tableOf({
    ab: { title: 'T', tags: ['x', 'y'], createdAtMs: 7 },
    c: { createdAtMs: 70 },
  });
  table.fetch([]);
  expect(table.lastRead).toBe(0);
  table.fetch([1, 2]);
  const all = table.lastRead;
  table.fetch([2]);
  expect(all - table.lastRead).toBe(2 + 2 + 1); // its id, its tags, its title
  table.fetchFields([1, 2]);
  expect(table.lastRead).toBeGreaterThanOrEqual(77);
});
