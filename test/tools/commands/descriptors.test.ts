/** The system's limit on open files bounds the commands that run at a time. */
import { expect, test } from 'vitest';
import { roomFor } from '../../../src/tools/commands/descriptors.ts';

const limits = (soft: string, hard: string): string =>
  [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max processes             95903                95903                processes ',
    `Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     `,
  ].join('\n');

test.each([
  ['1024', '1048576', 1_024],
  ['1024', '1024', 240],
  ['200', '200', 34],
  ['16', '16', 1],
  ['1024', 'unlimited', 1_024],
])('a limit of %s, which may be raised to %s', (soft, hard, room) => {
  expect(roomFor(1_024, limits(soft, hard))).toBe(room);
});

test('without a known limit there is room for all', () => {
  expect(roomFor(1_024, '')).toBe(1_024);
});
