/** Times that mean another moment tomorrow. */
import { expect, test } from 'vitest';
import { movingTerm } from '../../src/query/moving.ts';
import { parse } from '../../src/query/parser.ts';

const moving = (q: string): string | undefined => {
  const { where } = parse(q);
  return where && movingTerm(where)?.key;
};

test.each([
  ['updated:7d..', 'updated'],
  ['updated:..12h', 'updated'],
  ['created:today', 'created'],
  ['tag:a (cost:>1 OR -created:<yesterday)', 'created'],
  ['created:2026-11-01..7d', 'created'],
  ['updated:2026-11-20..', undefined],
  ['created:2026-11', undefined],
  ['created:2026-11-20T10:00:00Z..', undefined],
  ['tag:7d tag:today owner:today', undefined],
  ['today', undefined],
  ['turns:7 cost:>0.5', undefined],
  ['', undefined],
])('in %s it is %s', (q, key) => {
  expect(moving(q)).toBe(key);
});
