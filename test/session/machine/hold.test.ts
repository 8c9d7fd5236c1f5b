/** What keeps a session from cleanups: put there by whoever may change tags, taken away by `release` and `retag` alone. */
import { expect, it } from 'vitest';
import type { Input } from '../../../src/session/machine/input.ts';
import { run } from './support.ts';

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

it('goes by release, and by what an operator renames or removes', () => {
  expect(tagsAfter({ type: 'release', by: 'ann' })).toEqual(['a']);
  expect(tagsAfter({ type: 'retag', retag: { remove: ['hold'] } as never })).toEqual(['a']);
});
