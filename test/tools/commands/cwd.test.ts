/** Where the next command begins. */
import { expect, test } from 'vitest';
import { standAfter } from '../../../src/tools/commands/cwd.ts';
import { folderSaid } from '../../../src/tools/commands/shell.ts';

const roots = ['/real/work', '/other'];
const wanted = { cwd: '/work/a', workingDirectory: '/work' };

test.each([
  ['nothing was said', undefined, '/work/a', false],
  ['the working directory by its real name', '/real/work', '/work', false],
  ['a folder in it', '/real/work/b', '/real/work/b', false],
  ['a folder beside it', '/other/c', '/other/c', false],
  ['its neighbour', '/real/workshop', '/work', true],
  ['the root', '/', '/work', true],
])('%s', (_, cwd, next, isReset) => {
  const ended = { roots, isMoved: false, ...(cwd === undefined ? {} : { cwd }) };
  expect(standAfter(wanted, ended)).toEqual({ cwd: next, isReset });
});

test('a folder that is gone leads to the working directory', () => {
  expect(standAfter(wanted, { roots, isMoved: true })).toEqual({ cwd: '/work', isReset: false });
});

test.each(['', '/a', 'a\n', '/a\n/b\n', '/a\n\n'])('%j is not believed', (words) => {
  expect(folderSaid(words)).toBeUndefined();
});
