/** The judge of histories, on small ones whose verdict is plain. */
import { describe, expect, it } from 'vitest';
import { judgeHistory, type Operation } from './linearize.ts';

/** Called and returned at these times. */
const at = (calledAt: number, returnedAt: number) => ({ client: 'c', calledAt, returnedAt });
const append = (calledAt: number, returnedAt: number, value: string): Operation => ({
  ...at(calledAt, returnedAt),
  ...{ kind: 'append', outcome: 'ok', value },
});
const naming = (operation: Operation, expected: number): Operation => ({ ...operation, expected });
const read = (calledAt: number, returnedAt: number, ...values: string[]): Operation => ({
  ...at(calledAt, returnedAt),
  ...{ kind: 'read', outcome: 'ok', values },
});

describe('a history is accepted', () => {
  it.each<[string, Operation[], string[]]>([
    ['of nothing', [], []],
    ['one after another', [append(1, 2, 'a'), read(3, 4, 'a'), append(5, 6, 'b')], ['a', 'b']],
    ['side by side, either way', [append(1, 9, 'a'), append(2, 8, 'b')], ['b', 'a']],
    ['that read before an append returned', [append(1, 9, 'a'), read(2, 3, 'a')], ['a']],
    ['that read before an append landed', [append(1, 9, 'a'), read(2, 3)], ['a']],
    [
      'with a refusal of a version that had passed',
      [append(1, 2, 'a'), { ...naming(append(3, 4, 'x'), 0), outcome: 'conflict' }],
      ['a'],
    ],
    [
      'with an unknown outcome that landed late',
      [{ ...append(1, 2, 'a'), outcome: 'unknown' }, read(3, 4), read(5, 6, 'a')],
      ['a'],
    ],
    [
      'with an unknown outcome that never landed',
      [{ ...append(1, 2, 'a'), outcome: 'unknown' }],
      [],
    ],
  ])('%s', (_, history, stored) => {
    expect(judgeHistory(history, stored)).toEqual([]);
  });
});

describe('a history is refused', () => {
  it.each<[string, Operation[], string[], string]>([
    ['whose append is lost', [append(1, 2, 'a')], [], 'not stored'],
    ['whose append is there twice', [append(1, 2, 'a')], ['a', 'a'], 'twice'],
    [
      'that read what was not stored yet',
      [read(1, 2, 'a'), append(3, 4, 'a')],
      ['a'],
      'cannot come',
    ],
    ['that read the past', [append(1, 2, 'a'), read(3, 4)], ['a'], 'no place'],
    ['that read something between', [append(1, 2, 'a'), read(3, 4, 'b')], ['a'], 'never the list'],
    [
      'whose later append lies before',
      [append(1, 2, 'a'), append(3, 4, 'b')],
      ['b', 'a'],
      'cannot come',
    ],
    [
      'in which two that named one version won',
      [naming(append(1, 9, 'a'), 0), naming(append(2, 8, 'b'), 0)],
      ['a', 'b'],
      'was to be at 0',
    ],
    [
      'with a refusal that had no reason',
      [append(1, 2, 'a'), { ...naming(append(3, 4, 'x'), 1), outcome: 'conflict' }],
      ['a'],
      'no place',
    ],
    [
      'whose readings went back',
      [append(1, 9, 'a'), read(2, 3, 'a'), read(4, 5)],
      ['a'],
      'no place',
    ],
  ])('%s', (_, history, stored, why) => {
    expect(judgeHistory(history, stored).join()).toContain(why);
  });

  it('whose version stood for two states', () => {
    const history = [
      append(1, 2, 'a'),
      { ...read(0, 1), version: 1 },
      { ...read(3, 4, 'a'), version: 1 },
    ];
    expect(judgeHistory(history, ['a']).join()).toContain('different values');
  });
});
