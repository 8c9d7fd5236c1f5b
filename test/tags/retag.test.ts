/** A change of tags: what becomes of one session's tags, and which sessions are concerned at all. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tagKey } from '../../src/model/tag-key.ts';
import { affectedBy, isRetag, type Retag, retagged, retagShape } from '../../src/tags/retag.ts';
import { matches } from '../search/naive-catalog.ts';
import { rowOf } from '../search/summary-row.ts';
import { rounds } from '../support/rounds.ts';

test('a renamed tag stays in its place, and is found however it is spelt', () => {
  const rename = [{ from: 'BUG', to: 'Defect' }];
  expect(retagged(['a', 'Bug', 'b'], { rename })).toEqual(['a', 'Defect', 'b']);
});

test('tags that are renamed to one are merged: the first of them keeps the place', () => {
  const rename = ['bug', 'fault'].map((from) => ({ from, to: 'defect' }));
  expect(retagged(['fault', 'x', 'bug'], { rename })).toEqual(['defect', 'x']);
  expect(retagged(['Defect', 'x', 'bug'], { rename })).toEqual(['Defect', 'x']);
});

test('a star stands for the rest of every tag that begins so', () => {
  const rename = [{ from: 'Team/*', to: 'squad/*' }];
  expect(retagged(['team/A', 'team', 'teams/b'], { rename })).toEqual([
    'squad/A',
    'team',
    'teams/b',
  ]);
  expect(retagged(['team/a', 'TEAM/b', 'x'], { remove: ['team/*'] })).toEqual(['x']);
});

test('what stands behind the beginning stays as it is spelt, however long the form is that is compared', () => {
  const after = (tag: string, from: string) => retagged([tag], { rename: [{ from, to: 'x*' }] });
  expect(after('ΝΑΣΟΣ', 'νας*')).toEqual(['xΟΣ']);
  expect(after('İZMİR', 'i\u0307*')).toEqual(['xZMİR']);
  expect(after('J\u030cB', 'ǰ*')).toEqual(['xB']);
  expect(after('ǰB', 'J\u030c*')).toEqual(['xB']);
});

test('of several renames the first that is meant counts, and none works on what another made', () => {
  const swap = {
    rename: [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ],
  };
  expect(retagged(['a', 'b'], swap)).toEqual(['b', 'a']);
});

test('what is removed was renamed before, and what is added comes last', () => {
  const change = { rename: [{ from: 'a', to: 'b' }], remove: ['b'], add: ['c', 'X'] };
  expect(retagged(['a', 'x'], change)).toEqual(['x', 'c']);
});

test('a session whose tags stay as they are keeps the very list', () => {
  const tags = ['a', 'B'];
  expect(retagged(tags, { rename: [{ from: 'z', to: 'y' }], add: ['b'], remove: ['c'] })).toBe(
    tags,
  );
});

test('more tags than a session takes are refused', () => {
  const tags = Array.from({ length: 100 }, (_, n) => `t${n}`);
  expect(() => retagged(tags, { add: ['one-more'] })).toThrow('at most 100 tags');
});

test('a name grows too long by a rename: refused', () => {
  const rename = [{ from: 'a*', to: 'a-much-longer-beginning-of-a-tag*' }];
  expect(() => retagged([`a${'b'.repeat(60)}`], { rename })).toThrow('is no tag');
});

const word = fc.constantFrom('a', 'A', 'ab', 'abc', 'b', 'B', 'team/x', 'Team/Y');
const pattern = fc.constantFrom('a', 'a*', 'AB*', 'b', 'team/*', 'x');
const rename = fc
  .tuple(pattern, fc.constantFrom('b', 'n', 'squad/', 'ab'))
  .map(([from, to]) => ({ from, to: from.endsWith('*') ? `${to}*` : to }));
const changes: fc.Arbitrary<Retag> = fc.record({
  rename: fc.array(rename, { maxLength: 2 }),
  remove: fc.array(pattern, { maxLength: 2 }),
  add: fc.array(word, { maxLength: 2 }),
});
const tagLists = fc.uniqueArray(word, { maxLength: 5, selector: tagKey });

test('who is not concerned is not changed: a search for the concerned misses none', () => {
  fc.assert(
    fc.property(tagLists, changes, (tags, change) => {
      fc.pre(isRetag(change));
      const isChanged = retagged(tags, change) !== tags;
      if (isChanged) expect(matches(rowOf('s', { tags }), affectedBy(change))).toBe(true);
    }),
    { numRuns: rounds(2_000) },
  );
});

test.each([
  ['i̇x', 'İ*', 'neu/x'],
  ['İX', 'İ*', 'neu/X'],
  ['İX', 'i̇*', 'neu/X'],
  ['TEAM/ß', 'team/*', 'neu/ß'],
])(
  'what the star stands for is whole where a small letter is longer: %s by %s',
  (each, from, wanted) => {
    const tags = [each.normalize('NFC')];
    expect(retagged(tags, { rename: [{ from, to: 'neu/*' }] })).toEqual([wanted]);
  },
);

test('a removal and an addition done twice do no more than once', () => {
  fc.assert(
    fc.property(tagLists, changes, (tags, { remove, add }) => {
      const once = retagged(tags, { remove, add });
      expect(retagged(once, { remove, add }).toSorted()).toEqual(once.toSorted());
    }),
  );
});

test.each([
  [{ rename: [{ from: 'a*', to: 'b' }] }, 'has a star on one side only'],
  [{ rename: [{ from: '', to: 'b' }] }, 'is no tag'],
  [{ rename: [{ from: 'a', to: 'b\u200b' }] }, 'is no tag'],
  [{ remove: ['*'] }, 'is no tag'],
  [{ add: [' '] }, 'is no tag'],
])('%j is refused', (change, why) => {
  const issues = Object.entries(change).flatMap(([field, value]) => {
    const { error } = retagShape[field as keyof typeof retagShape].safeParse(value);
    return error?.issues.map(({ message }) => message) ?? [];
  });
  expect(issues.join()).toContain(why);
});
