/** What keeps a session from cleanups: put there by whoever may change tags, taken away by `release` and `retag` alone. */
import { expect, it } from 'vitest';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import { RULES, run } from './support.ts';

const HELD: readonly Input[] = [
  { type: 'create', settings: { tags: ['a'] } },
  { type: 'hold', reason: 'audit', by: 'ann' },
];
const tagsAfter = (...inputs: readonly Input[]) => run(...HELD, ...inputs).state.head.tags;

it('stays when tags are taken away, and who names it is refused', () => {
  expect(tagsAfter({ type: 'untag', tags: ['a'] })).toEqual(['hold']);
  expect(() => tagsAfter({ type: 'untag', tags: ['Hold'] })).toThrow(/release takes it away/);
});

it('stays when settings or a classic save bring other tags', () => {
  expect(tagsAfter({ type: 'settings', settings: { tags: ['b'] } })).toEqual(['b', 'hold']);
  const save = { kind: 'save', messages: [], options: { tags: ['c'] } } as const;
  expect(tagsAfter({ type: 'classic', change: save, bytes: 0 })).toEqual(['c', 'hold']);
});

it('makes the session no newer, nor does its release', () => {
  const changedAt = run(HELD[0] as Input).state.head.updatedAtMs;
  const head = run(...HELD).state.head;
  expect(head.updatedAtMs).toBe(changedAt);
  const later = { ...head, updatedAtMs: 1 };
  const state = { head: later, cancelling: undefined };
  for (const input of [HELD[1] as Input, { type: 'release', by: 'ann' } as const])
    expect(apply(state, input, RULES, 50_000).state.head.updatedAtMs).toBe(1);
});

it('goes by release, and by what an operator renames or removes', () => {
  expect(tagsAfter({ type: 'release', by: 'ann' })).toEqual(['a']);
  expect(tagsAfter({ type: 'retag', retag: { remove: ['hold'] } as never })).toEqual(['a']);
});
