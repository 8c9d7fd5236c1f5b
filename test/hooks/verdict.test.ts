/** What several hooks say together. */
import { describe, expect, test } from 'vitest';
import { type HookGroup, hooksFor } from '../../src/hooks/hook.ts';
import { matcherOf } from '../../src/hooks/matcher.ts';
import { goesOnBy, verdictOf } from '../../src/hooks/verdict.ts';
import type { Word } from '../../src/hooks/word.ts';

const word = (more: Partial<Word>): Word => ({ ended: 'ok', context: [], ...more });
const together = (...words: readonly Partial<Word>[]) => verdictOf(words.map(word), []);
const allow = { decision: 'allow', reason: 'a' } as const;
const ask = { decision: 'ask', reason: 'b' } as const;
const deny = { decision: 'deny', reason: 'c' } as const;

describe('several decisions', () => {
  test('are the strictest, with its reasons, in any order', () => {
    expect(together(allow, deny, ask)).toMatchObject({ decision: 'deny', reason: 'c' });
    expect(together(ask, allow)).toMatchObject({ decision: 'ask', reason: 'b' });
    expect(together(allow, {}, allow)).toMatchObject({ decision: 'allow', reason: 'a\na' });
    expect(together({}, {}).decision).toBeUndefined();
  });

  test('take the input of the last hook that is configured, and none with a deny', () => {
    expect(together({ input: { n: 1 } }, { ...allow, input: { n: 2 } }, {}).input).toEqual({
      n: 2,
    });
    expect(together({ ...allow, input: { n: 1 } }, deny).input).toBeUndefined();
  });

  test('keep all context, and the first reason to stop', () => {
    const verdict = together({ context: ['1'], stop: 'x' }, { context: ['2', '3'], stop: 'y' });
    expect(verdict).toMatchObject({ context: ['1', '2', '3'], stop: 'x' });
  });

  test('of one hook let it go on unless it denies or stops', () => {
    expect([allow, ask, deny, { stop: 'x' }, {}].map((one) => goesOnBy(word(one)))).toEqual([
      ...[true, true, false, false, true],
    ]);
  });
});

describe('hooks of several groups', () => {
  const hook = (identity: string, more: object = {}) => ({
    ...{ identity, label: identity, isAside: false, work: { kind: 'nats', subject: 'x' } as const },
    ...more,
  });
  const group = (matcher: string, ...hooks: HookGroup['hooks']): HookGroup => ({
    matcher: matcherOf(matcher),
    hooks,
  });

  test('run once each, and the stricter answer to a failure holds', () => {
    const groups = [
      group('Bash', hook('one'), hook('two')),
      group('*', hook('one', { onFailure: 'block' })),
      group('Edit', hook('three')),
    ];
    expect(hooksFor(groups, 'Bash').map(({ label, onFailure }) => [label, onFailure])).toEqual([
      ['one', 'block'],
      ['two', undefined],
    ]);
  });
});
