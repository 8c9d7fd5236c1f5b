import { mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Glob, MAX_GLOB_FILES } from '../../../src/tools/builtin/glob.ts';
import { folderWith } from '../calling.ts';

const treeOf = (...names: readonly string[]) =>
  folderWith(Object.fromEntries(names.map((name) => [name, name])));
const found = async (tree: ReturnType<typeof treeOf>, pattern: string, more: object = {}) => {
  const { text } = await tree.call(Glob, { pattern, ...more });
  return text === 'No files found' ? [] : text.split('\n').toSorted();
};

it.each([
  ['*.ts', ['a.ts', 'b.ts']],
  ['**/*.ts', ['a.ts', 'b.ts', 'src/c.ts', 'src/deep/d.ts']],
  ['src/**', ['src/c.ts', 'src/deep/d.ts', 'src/e.js']],
  ['src/*', ['src/c.ts', 'src/e.js']],
  ['*/*/*', ['src/deep/d.ts']],
  ['?.ts', ['a.ts', 'b.ts']],
  ['[ac].ts', ['a.ts']],
  ['[!a].ts', ['b.ts']],
  ['{a,src/{c,e}}.{ts,js}', ['a.ts', 'src/c.ts', 'src/e.js']],
  ['src/c.ts', ['src/c.ts']],
  ['./src/./c.ts', ['src/c.ts']],
  ['src/../a.ts', ['a.ts']],
  ['src', []],
  ['nothing*', []],
  ['A.ts', []],
])('%s finds its files', async (pattern, expected) => {
  const tree = treeOf('a.ts', 'b.ts', 'src/c.ts', 'src/e.js', 'src/deep/d.ts');
  if (pattern === 'A.ts') return expect((await tree.call(Glob, { pattern })).isError).toBe(true);
  expect(await found(tree, pattern)).toEqual(expected);
});

it('begins where the call says, and shows what lies elsewhere by its whole path', async () => {
  const tree = treeOf('sub/a.ts', 'other/b.ts');
  expect(await found(tree, '*.ts', { path: 'sub' })).toEqual(['sub/a.ts']);
  expect(await found(tree, `${tree.folder}/other/*.ts`)).toEqual(['other/b.ts']);
  const { text } = await tree.call(
    Glob,
    { pattern: '../other/*.ts' },
    { memory: { cwd: tree.path('sub') } },
  );
  expect(text).toBe(tree.path('other/b.ts'));
});

it('gives the newest first, no more than a hundred, and says how many there are', async () => {
  const names = Array.from({ length: MAX_GLOB_FILES + 5 }, (_, at) => `f${at}`);
  const tree = treeOf(...names);
  for (const [at, name] of names.entries()) utimesSync(tree.path(name), 1_000 + at, 1_000 + at);
  const { text } = await tree.call(Glob, { pattern: '*' });
  const lines = text.split('\n');
  expect(lines.slice(0, MAX_GLOB_FILES)).toEqual(names.toReversed().slice(0, MAX_GLOB_FILES));
  expect(lines.at(-1)).toBe('[PARTIAL view: the newest 100 of 105. Use a narrower pattern.]');
});

describe('which files', () => {
  it('hidden and ignored ones too', async () => {
    const tree = folderWith({ '.gitignore': 'out\n', '.hidden': '', 'out/a': '', '.dir/b': '' });
    expect(await found(tree, '**')).toEqual(['.dir/b', '.gitignore', '.hidden', 'out/a']);
  });

  it('those of version control only where the pattern names it', async () => {
    const tree = treeOf('.git/config', 'a');
    expect(await found(tree, '**')).toEqual(['a']);
    expect(await found(tree, '*/config')).toEqual([]);
    expect(await found(tree, '.git/*')).toEqual(['.git/config']);
    expect(await found(tree, '**/.git/*')).toEqual(['.git/config']);
  });

  it('none that a rule keeps from being read', async () => {
    const tree = treeOf('a', 'secrets/b', 'secrets/deep/c');
    const hidden = [/\/secrets(?:\/.*)?$/];
    const { text } = await tree.call(Glob, { pattern: '**' }, { hidden });
    expect(text).toMatch(/^a\n\[1 files or folders were left out/);
  });

  it('through no link below the beginning, so no circle and nothing outside', async () => {
    const tree = treeOf('in/a.ts', 'outside/b.ts');
    symlinkSync('..', tree.path('in/circle'));
    symlinkSync(tree.path('outside'), tree.path('in/out'));
    symlinkSync(tree.path('outside/b.ts'), tree.path('in/c.ts'));
    expect(await found(tree, '**/*.ts', { path: 'in' })).toEqual(['in/a.ts', 'in/c.ts']);
    expect(await found(tree, '*/b.ts', { path: 'in' })).toEqual([]);
  });
});

describe('is refused', () => {
  it.each([
    ['a way out behind a wildcard', '*/../../x', '`..` may stand only before'],
    ['a way out by braces', '{..,a}/x', '`..` may stand only before'],
    ['braces that stand for too much', '{a,b}'.repeat(20), 'more than 1000 patterns'],
    ['a folder that is not there', 'nowhere/*.ts', 'does not exist'],
  ])('%s', async (_, pattern, why) => {
    const { isError, text } = await treeOf('a').call(Glob, { pattern });
    expect(isError).toBe(true);
    expect(text).toContain(why);
  });

  it('a place that the permission was not given for', async () => {
    const tree = treeOf('secret/a');
    mkdirSync(tree.path('open'));
    symlinkSync(tree.path('secret'), tree.path('open/way'));
    const { text } = await tree.call(
      Glob,
      { pattern: 'open/way/*' },
      { realPath: tree.path('open/way') },
    );
    expect(text).toContain('the permission was given for');
  });
});
