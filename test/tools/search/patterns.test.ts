/** Patterns against what they say, and against naive implementations over random ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ignoreRules, verdictOf } from '../../../src/tools/search/ignore-rules.ts';
import { matchesName, namePattern } from '../../../src/tools/search/name-pattern.ts';
import { matchesPath, pathPattern, withoutBraces } from '../../../src/tools/search/path-pattern.ts';
import { isFull } from '../../chaos/size.ts';
import { rounds } from '../../support/rounds.ts';

const numRuns = isFull() ? 100_000 : rounds(2_000);
const word = (alphabet: string, maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet), { maxLength }).map((chars) => chars.join(''));

/** By trying everything. */
const naiveName = (pattern: string, name: string): boolean => {
  const [first, ...rest] = pattern;
  if (first === undefined) return name === '';
  const tail = rest.join('');
  if (first === '*')
    return naiveName(tail, name) || (name !== '' && naiveName(pattern, name.slice(1)));
  if (name === '') return false;
  if (first === '?') return naiveName(tail, name.slice(1));
  return first === name[0] && naiveName(tail, name.slice(1));
};

const naivePath = (pattern: readonly string[], path: readonly string[]): boolean => {
  const [first, ...rest] = pattern;
  const [name, ...below] = path;
  if (first === undefined) return path.length === 0;
  if (first === '**')
    return naivePath(rest, path) || (name !== undefined && naivePath(pattern, below));
  return name !== undefined && naiveName(first, name) && naivePath(rest, below);
};

it('a name is matched as by trying everything', () => {
  fc.assert(
    fc.property(word('ab*?', 8), word('ab', 8), (pattern, name) => {
      expect(matchesName(namePattern(pattern), name)).toBe(naiveName(pattern, name));
    }),
    { numRuns },
  );
});

it('a path is matched as by trying everything', () => {
  const part = fc.oneof(
    fc.constant('**'),
    word('a*?', 3).filter((text) => text !== '' && !text.includes('**')),
  );
  const name = word('ab', 3).filter((text) => text !== '');
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 5 }),
      fc.array(name, { maxLength: 5 }),
      (pattern, path) => {
        expect(matchesPath(pathPattern(pattern.join('/')), path)).toBe(naivePath(pattern, path));
      },
    ),
    { numRuns },
  );
});

it('a pattern of many stars takes no longer than others', () => {
  const pattern = namePattern(`${'*a'.repeat(120)}b`);
  expect(matchesName(pattern, 'a'.repeat(255))).toBe(false);
  const path = pathPattern(`${'**/a/'.repeat(100)}b`);
  expect(
    matchesPath(
      path,
      Array.from({ length: 200 }, () => 'a'),
    ),
  ).toBe(false);
});

it.each([
  ['[abc]', 'b', true],
  ['[a-c]', 'd', false],
  ['[!a-c]', 'd', true],
  ['[^a-c]', 'a', false],
  ['[]a]', ']', true],
  ['[a-]', '-', true],
  ['[a', '[a', true],
  ['[\\]]', ']', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\', 'a\\', true],
  ['?', '😀', true],
  ['[😀-😂]', '😁', true],
])('%s matches %s: %s', (pattern, name, isMatch) => {
  expect(matchesName(namePattern(pattern), name)).toBe(isMatch);
});

it.each([
  ['a', ['a']],
  ['{a,b}', ['a', 'b']],
  ['x{a,b{c,d}}y', ['xay', 'xbcy', 'xbdy']],
  ['{a,b}{c,d}', ['ac', 'ad', 'bc', 'bd']],
  ['{a,}', ['a', '']],
  ['{a}', ['{a}']],
  ['{a', ['{a']],
  ['a}', ['a}']],
  ['{}{a,b}', ['{}a', '{}b']],
  ['\\{a,b}', ['\\{a,b}']],
  ['{a\\,b,c}', ['a\\,b', 'c']],
])('%s stands for %j', (pattern, patterns) => {
  expect(withoutBraces(pattern).toSorted()).toEqual(patterns.toSorted());
});

describe('ignore rules', () => {
  const isIgnored = (text: string, path: string) =>
    verdictOf(ignoreRules(text), path.replace(/\/$/, '').split('/'), path.endsWith('/')) ===
    'ignored';

  it.each([
    ['a', 'a', true],
    ['a', 'x/a', true],
    ['a', 'x/a/', true],
    ['/a', 'x/a', false],
    ['x/a', 'y/x/a', false],
    ['a/', 'a', false],
    ['a/', 'x/a/', true],
    ['*.log', 'x/y.log', true],
    ['x/*', 'x/y/z', false],
    ['x/**', 'x/y/z', true],
    ['x/**', 'x/', false],
    ['**/a', 'x/y/a', true],
    ['x/**/a', 'x/a', true],
    ['# a', '# a', false],
    ['\\#a', '#a', true],
    ['\\!a', '!a', true],
    ['a\n!a', 'a', false],
    ['!a\na', 'a', true],
    ['a  ', 'a', true],
    ['a\\ ', 'a ', true],
    ['', 'a', false],
    ['/', 'a', false],
    ['a\r\nb', 'a', true],
    ['../a', 'a', false],
  ])('%j leaves out %s: %s', (text, path, expected) => {
    expect(isIgnored(text, path)).toBe(expected);
  });
});
