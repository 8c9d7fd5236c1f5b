/** How long each verb may take: what is known to be slow has longer, and nothing that is only named like a field of an object. */
import { expect, it } from 'vitest';
import { DEADLINE_MS, deadlineMs } from '../../../src/session/verbs/deadlines.ts';

it.each([
  ['import', 120_000],
  ['import-session', 120_000],
  ['compact', 120_000],
  ['cleanup', 600_000],
])('%s may take %d ms, whatever is usual', (verb, ms) => {
  expect([deadlineMs(verb), deadlineMs(verb, 5_000)]).toEqual([ms, ms]);
});

it.each(['get', 'append', 'search', 'mirror-append', 'toString', 'constructor', '__proto__'])(
  '%s may take what is usual',
  (verb) => {
    expect(deadlineMs(verb)).toBe(DEADLINE_MS);
    expect(deadlineMs(verb, 5_000)).toBe(5_000);
  },
);

it('what is usual is half a minute', () => {
  expect(DEADLINE_MS).toBe(30_000);
});
