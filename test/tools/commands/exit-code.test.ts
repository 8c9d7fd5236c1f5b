/** Whose exit code a line ends with. */
import { expect, test } from 'vitest';
import { isOneFine } from '../../../src/tools/commands/exit-code.ts';

test.each([
  'grep x f',
  'FOO=1 /usr/bin/grep -q x f > out 2>&1',
  'cd a && rg x | egrep y',
  'git diff --exit-code',
  'git -C sub grep x',
  'make; [ -e x ]',
  'test -e x',
  'timeout 5 grep x f',
  'find . -name x',
  'diff <(sort a) <(sort b)',
  'fgrep x f\n',
])('1 is an answer: %s', (line) => expect(isOneFine(line)).toBe(true));

test.each([
  'make',
  'grep x f && make',
  'grep x f; false',
  'echo "a | grep b"',
  'echo $(grep x f)',
  'git status',
  'git log --grep x',
  'ls grep',
  '',
])('1 is a failure: %s', (line) => expect(isOneFine(line)).toBe(false));
