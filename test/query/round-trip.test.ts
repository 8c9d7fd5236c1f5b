import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KEYS, keyWords } from '../../src/query/keys.ts';
import { parse } from '../../src/query/parser.ts';
import { print } from '../../src/query/print.ts';
import { type Expression, type Query, SORT_KEYS, type Value } from '../../src/query/syntax.ts';
import { rounds } from '../support/rounds.ts';

const texts = fc.oneof(
  fc.constantFrom(
    'a',
    'OR',
    'or',
    'tag!=x',
    '!tag:x',
    'cost>1',
    'x=y',
    'team/',
    'a b',
    '*',
    'a*',
    '"',
    '\\',
    '-x',
    '(',
    'tag:x',
    '>1',
    '..',
  ),
  fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }),
);
const limits: Readonly<Record<string, readonly string[]>> = {
  money: ['0', '0.5', '12', '0.0000001', '999999999.999999999'],
  count: ['0', '7', '10000', '9007199254740991'],
  moment: ['2026-11-20', '2026-11', 'today', '2026-11-20T08:00:00Z'],
};

const ranges = (takes: string): fc.Arbitrary<Value> => {
  const text = fc.constantFrom(...(limits[takes] ?? []));
  const closed = text.map((one) => ({ text: one, isOpen: false }));
  const open = text.map((one) => ({ text: one, isOpen: true }));
  return fc.oneof(
    fc.record({ kind: fc.constant('range'), from: closed, to: closed }),
    fc.record({ kind: fc.constant('range'), from: fc.oneof(closed, open) }),
    fc.record({ kind: fc.constant('range'), to: fc.oneof(closed, open) }),
  ) as fc.Arbitrary<Value>;
};

const terms: fc.Arbitrary<Expression> = fc.constantFrom(...KEYS).chain(([key, facts]) => {
  const value = (): fc.Arbitrary<Value> => {
    if (facts.takes === 'word')
      return fc.constantFrom(...facts.words).map((text) => ({ kind: 'text', text }));
    if (facts.takes !== 'text') return ranges(facts.takes);
    const plain = texts.map((text): Value => ({ kind: 'text', text }));
    const { prefix } = facts;
    if (prefix === undefined) return plain;
    const starts = texts.filter((text) => prefix(text) !== undefined);
    return fc.oneof(
      plain,
      starts.map((text): Value => ({ kind: 'prefix', text })),
    );
  };
  return value().map((one): Expression => ({ kind: 'term', key, value: one, column: 0 }));
});

const words: fc.Arbitrary<Expression> = fc
  .record({ text: texts.filter((text) => /[\p{L}\p{N}]/u.test(text)), isPrefix: fc.boolean() })
  .map(({ text, isPrefix }): Expression => ({ kind: 'text', text, isPrefix, column: 0 }));
const leaves = fc.oneof(terms, words);

const several = (kind: 'and' | 'or', inner: fc.Arbitrary<Expression>) =>
  fc
    .array(
      inner.filter((part) => part.kind !== kind),
      { minLength: 2, maxLength: 3 },
    )
    .map((of): Expression => ({ kind, of }));
const turned = (inner: fc.Arbitrary<Expression>) =>
  inner.filter(({ kind }) => kind !== 'not').map((of): Expression => ({ kind: 'not', of }));
const around = (inner: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> =>
  fc.oneof(inner, several('and', inner), several('or', inner), turned(inner));

const sorts = fc
  .record({
    by: fc.constantFrom(...SORT_KEYS),
    order: fc.constantFrom('asc' as const, 'desc' as const),
  })
  .filter(({ by, order }) => by !== 'relevance' || order === 'desc');

const queries: fc.Arbitrary<Query> = fc.record(
  {
    where: around(around(around(leaves))),
    sort: sorts,
  },
  { requiredKeys: [] },
);

const withoutColumns = (query: Query): unknown =>
  JSON.parse(JSON.stringify(query, (key, value) => (key === 'column' ? undefined : value)));

test('what is printed is read as the same query', () => {
  fc.assert(
    fc.property(queries, (query) => {
      expect(withoutColumns(parse(print(query)))).toEqual(withoutColumns(query));
    }),
    { numRuns: rounds(500) },
  );
});

test('whatever is written is taken and printed in one way, or refused with its column', () => {
  const pieces = fc.oneof(
    fc.constantFrom(...keyWords().map((word) => `${word}:`), '(', ')', ' OR ', '-', '"', '..', '*'),
    fc.constantFrom('a', '7d', '0.5', 'parked', '2026-11-20', ' ', '>', '<=', '\\'),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (all) => {
      let once: string;
      try {
        once = print(parse(all.join('')));
      } catch (error) {
        expect(error).toMatchObject({
          code: 'invalid_criteria',
          details: { column: expect.any(Number) },
        });
        return;
      }
      expect(print(parse(once))).toBe(once);
    }),
    { numRuns: rounds(1_500) },
  );
});
