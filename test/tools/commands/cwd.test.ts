/** Where the next command begins. */
import { expect, test } from 'vitest';
import { standAfter } from '../../../src/tools/commands/cwd.ts';
import { folderSaid } from '../../../src/tools/commands/shell.ts';

const roots = ['/real/app', '/other'];
const wanted = { cwd: '/app/a', workingDirectory: '/app' };

test.each([
  ['nothing was said', undefined, '/app/a', false],
  ['the working directory by its real name', '/real/app', '/app', false],
  ['a folder in it', '/real/app/b', '/real/app/b', false],
  ['a folder beside it', '/other/c', '/other/c', false],
  ['its neighbour', '/real/apps', '/app', true],
  ['the root', '/', '/app', true],
])('%s', (_, cwd, next, isReset) => {
  const ended = { roots, isMoved: false, ...(cwd === undefined ? {} : { cwd }) };
  expect(standAfter(wanted, ended)).toEqual({ cwd: next, isReset });
});

test('a folder that is gone leads to the working directory', () => {
  expect(standAfter(wanted, { roots, isMoved: true })).toEqual({ cwd: '/app', isReset: false });
});

test.each(['', '/a', 'a\n', '/a\n/b\n', '/a\n\n'])('%j is not believed', (words) => {
  expect(folderSaid(words)).toBeUndefined();
});
