/** What one criterion becomes: a test, the rows that it names and how many, and the list and the bits of its only value. */
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/model/criteria.ts';
import { type Part, partsOf } from '../../src/search/criteria-parts.ts';
import { bitOf } from '../../src/search/table/marks.ts';
import { SessionTable } from '../../src/search/table/session-table.ts';
import { rowOf, tenant } from './summary-row.ts';

type Fields = Parameters<typeof rowOf>[1];

const tableOf = (rows: readonly Fields[]): SessionTable => {
  const table = new SessionTable(tenant);
  for (const [n, fields] of rows.entries()) table.put(rowOf(`s${n}`, fields));
  return table;
};

const partsFor = (table: SessionTable, condition: Condition, texts = new Map()) =>
  partsOf(table, condition, texts);

const partFor = (table: SessionTable, condition: Condition, texts = new Map()): Part => {
  const [part, ...others] = partsFor(table, condition, texts);
  expect(others).toEqual([]);
  return part as Part;
};

/** Ids of the rows that pass its test. */
const passing = (table: SessionTable, { test }: Part): string[] =>
  Array.from({ length: table.slotsEnd - 1 }, (_, n) => n + 1)
    .filter(test)
    .map((slot) => table.idAt(slot))
    .toSorted();

/** Ids of the rows that it names. */
const named = (table: SessionTable, { source }: Part): string[] => {
  const ids: string[] = [];
  source?.each((slot) => ids.push(table.idAt(slot)));
  return ids.toSorted();
};

/** @param size so many it says it names: a row with two of its tags counts twice. */
const expectAll = (
  table: SessionTable,
  condition: Condition,
  ids: readonly string[],
  size = ids.length,
): Part => {
  const part = partFor(table, condition);
  expect(passing(table, part)).toEqual(ids);
  expect(named(table, part)).toEqual(ids);
  expect(part.source?.size).toBe(size);
  return part;
};

const owners = () => tableOf([{ owner: 'ann' }, { owner: 'ann/' }, {}, { owner: 'ann' }]);

describe('a criterion of one value', () => {
  it('has the list of its rows, with their sums', () => {
    const { list } = expectAll(owners(), { owner: 'ann' }, ['s0', 's3']);
    expect(list?.index.size).toBe(2);
    expect(list?.sums()).toMatchObject({ sessions: 2 });
  });

  it('that nobody has is passed by no row, those without a value included', () => {
    expect(expectAll(owners(), { owner: 'bob' }, []).list).toBeUndefined();
  });

  it('is spelt as it is asked for, unless it is a directory', () => {
    expectAll(owners(), { owner: 'ann/' }, ['s1']);
    const table = tableOf([{ workingDirectory: '/w' }, { workingDirectory: '/w/' }]);
    expectAll(table, { workingDirectory: '/w/' }, ['s0', 's1']);
  });

  it('has a list too when only one of those that are asked for is there', () => {
    const table = tableOf([{ status: 'failed' }, {}, { status: 'failed' }]);
    expect(expectAll(table, { status: ['failed', 'parked'] }, ['s0', 's2']).list).toBeDefined();
  });
});

it('a criterion of several values names the rows of each, and has no list', () => {
  const table = tableOf([{ status: 'failed' }, {}, { status: 'parked' }, { status: 'failed' }]);
  const part = expectAll(table, { status: ['failed', 'parked'] }, ['s0', 's2', 's3']);
  expect(part.list).toBeUndefined();
});

describe('a criterion of tags', () => {
  const tags = () => tableOf([{ tags: ['b'] }, { tags: ['a', 'b'] }, { tags: ['c'] }, {}]);

  it('of one has its list and its bit', () => {
    const table = tags();
    const part = expectAll(table, { tags: ['a'] }, ['s1']);
    expect(part.list?.index.size).toBe(1);
    expect(part.bits).toBe(bitOf(table.tags.keyOf('a')));
  });

  it('of several names each row once, and has neither', () => {
    const part = expectAll(tags(), { tags: ['a', 'b'] }, ['s0', 's1'], 3);
    expect([part.list, part.bits]).toEqual([undefined, undefined]);
  });

  it('goes by those that are there', () => {
    const part = expectAll(tags(), { tags: ['nothing', 'a'] }, ['s1']);
    expect([part.list, part.bits]).not.toContain(undefined);
  });

  it('of none that is there is passed by no row, and has neither', () => {
    const part = expectAll(tags(), { allTags: ['nothing'] }, []);
    expect([part.list, part.bits]).toEqual([undefined, undefined]);
  });

  it('that a row must not have asks nothing where no row has them', () => {
    expect(partsFor(tags(), { noTags: ['nothing'] })).toEqual([]);
    const part = partFor(tags(), { noTags: [' A ', 'nothing'] });
    expect(passing(tags(), part)).toEqual(['s0', 's2', 's3']);
  });
});

it('a tool is found in any spelling, and one that nobody used in no row', () => {
  const table = tableOf([{ toolsUsed: ['Bash', 'Read'] }, {}, { toolsUsed: ['bash'] }]);
  expect(expectAll(table, { tool: 'BASH' }, ['s0', 's2']).list).toBeDefined();
  expect(expectAll(table, { tool: 'Write' }, []).list).toBeUndefined();
});

it('the beginning of an id names the rows between two others', () => {
  const table = new SessionTable(tenant);
  for (const id of ['a1', 'b1', 'b2', 'b3', 'c1', 'c2']) table.put(rowOf(id));
  expectAll(table, { idPrefix: 'b' }, ['b1', 'b2', 'b3']);
  expectAll(table, { idPrefix: 'c' }, ['c1', 'c2']);
  expectAll(table, { idPrefix: 'bb' }, []);
});

it('words name the rows that the text index knows', () => {
  const table = owners();
  for (const slot of [1, 2, 3]) table.texts.set(slot, slot + 10);
  const part = partFor(table, { text: 'words' }, new Map([['words', Uint32Array.of(11, 13, 99)]]));
  expect(passing(table, part)).toEqual(['s0', 's2']);
  expect(named(table, part)).toEqual(['s0', 's2']);
  expect(part.source?.size).toBe(2);
});

describe('a beginning', () => {
  /** With so many other values, in front of the alphabet and in the middle of what is asked for. */
  const crowd = (size: number, fieldsOf: (n: number) => Fields) =>
    Array.from({ length: size }, (_, n) => fieldsOf(n));

  it('of few values names their rows', () => {
    const table = tableOf([{ model: 'claude-opus-4' }, { model: 'opus' }, { model: 'gpt' }, {}]);
    expectAll(table, { modelPrefix: 'opus' }, ['s0', 's1']);
    const directories = tableOf([
      { workingDirectory: '/w' },
      { workingDirectory: '/w/a' },
      { workingDirectory: '/wa' },
    ]);
    expectAll(directories, { underDirectory: '/w' }, ['s0', 's1']);
    const tags = tableOf([{ tags: ['r:1'] }, { tags: ['r:2', 'r:3'] }, { tags: ['q'] }]);
    expectAll(tags, { tagPrefix: 'r:' }, ['s0', 's1'], 3);
  });

  it('of very many models is tested row by row', () => {
    const table = tableOf([
      ...[{ model: 'claude-opus-4' }, { model: 'the-opus' }, { model: 'my-claude-opus' }, {}],
      ...crowd(1_001, (n) => ({ model: `opus-${n}` })),
    ]);
    const part = partFor(table, { modelPrefix: 'opus' });
    expect(part.source).toBeUndefined();
    const ids = passing(table, part);
    expect(ids).toHaveLength(1_002);
    expect(ids).toContain('s0');
    expect(ids).toContain('s4');
  });

  it('of very many directories is tested row by row', () => {
    const table = tableOf([
      ...[{ workingDirectory: '/w' }, { workingDirectory: '/wa' }, {}],
      ...crowd(1_001, (n) => ({ workingDirectory: `/w/${n}` })),
    ]);
    const part = partFor(table, { underDirectory: '/w/' });
    expect(part.source).toBeUndefined();
    const ids = passing(table, part);
    expect(ids).toHaveLength(1_002);
    expect(ids).toContain('s0');
  });

  it('of very many tags is tested row by row', () => {
    const table = tableOf([
      ...[{ tags: ['q', 'r:'] }, { tags: ['q'] }, {}],
      ...crowd(1_001, (n) => ({ tags: ['q', `R:${n}`] })),
    ]);
    const part = partFor(table, { tagPrefix: 'r:' });
    expect(part.source).toBeUndefined();
    expect(passing(table, part)).toHaveLength(1_002);
  });
});

it.each([
  ['errors', { hasErrors: true }, { hasErrors: false }, { errorCount: 1 }],
  ['an archive', { hasArchive: true }, { hasArchive: false }, { hasArchive: true as const }],
  [
    'an approval',
    { hasApproval: true },
    { hasApproval: false },
    { status: 'waiting' as const, hasApproval: true },
  ],
])(
  'rows with %s have a list, and those without are told by a test',
  (_, having, lacking, fields) => {
    const table = tableOf([{}, fields, {}, fields]);
    expect(expectAll(table, having, ['s1', 's3']).list).toBeDefined();
    expect(passing(table, partFor(table, lacking))).toEqual(['s0', 's2']);
  },
);

it('both bounds of the tokens belong to them, and either may be missing', () => {
  const table = tableOf([{ tokens: 0 }, { tokens: 5 }, { tokens: 6 }, { tokens: 9 }]);
  const of = (condition: Condition) => passing(table, partFor(table, condition));
  expect(of({ minTokens: 5, maxTokens: 6 })).toEqual(['s1', 's2']);
  expect(of({ minTokens: 6 })).toEqual(['s2', 's3']);
  expect(of({ maxTokens: 5 })).toEqual(['s0', 's1']);
});
