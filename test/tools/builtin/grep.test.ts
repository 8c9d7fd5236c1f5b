import { mkdirSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Grep, MAX_GREP_TEXT } from '../../../src/tools/builtin/grep.ts';
import { MAX_SEARCHED_BYTES } from '../../../src/tools/search/search-files.ts';
import { folderWith } from '../calling.ts';

const POEM = 'The rose\nis red.\nThe violet\nis blue.\nSugar\nis sweet.\n';

const content = async (files: Readonly<Record<string, string | Uint8Array>>, input: object) =>
  (await folderWith(files).call(Grep, { output_mode: 'content', ...input })).text;

describe('what is shown', () => {
  it('the files, those that were changed last first', async () => {
    const { call, path } = folderWith({ old: 'x', new: 'x', other: 'y' });
    utimesSync(path('old'), 1_000, 1_000);
    expect((await call(Grep, { pattern: 'x' })).text).toBe('Found 2 files\nnew\nold');
    expect((await call(Grep, { pattern: 'zz' })).text).toBe('No files found');
  });

  it('the lines with their numbers, or without', async () => {
    const files = { 'a.txt': POEM };
    expect(await content(files, { pattern: '^is' })).toBe(
      'a.txt:2:is red.\na.txt:4:is blue.\na.txt:6:is sweet.',
    );
    expect(await content(files, { pattern: 'Sugar', '-n': false })).toBe('a.txt:Sugar');
    expect(await content(files, { pattern: 'salt' })).toBe('No matches found');
  });

  it('the lines around, with a mark between what is apart', async () => {
    const files = { 'a.txt': POEM };
    expect(await content(files, { pattern: 'rose|Sugar', '-A': 1 })).toBe(
      'a.txt:1:The rose\na.txt-2-is red.\n--\na.txt:5:Sugar\na.txt-6-is sweet.',
    );
    expect(await content(files, { pattern: 'blue', '-B': 1 })).toBe(
      'a.txt-3-The violet\na.txt:4:is blue.',
    );
    const around = 'a.txt-3-The violet\na.txt:4:is blue.\na.txt-5-Sugar';
    expect(await content(files, { pattern: 'blue', '-C': 1 })).toBe(around);
    expect(await content(files, { pattern: 'blue', context: 1 })).toBe(around);
  });

  it('only what matches, each by itself', async () => {
    expect(await content({ a: 'x1 x2\nx3' }, { pattern: 'x\\d', '-o': true })).toBe(
      'a:1:x1\na:1:x2\na:2:x3',
    );
  });

  it('how many lines of each file', async () => {
    const { call } = folderWith({ a: 'x x\nx', b: 'x' });
    const { text } = await call(Grep, { pattern: 'x', output_mode: 'count' });
    expect(text).toBe('a:2\nb:1\nFound 3 matches in 2 files.');
  });

  it('over several lines', async () => {
    const files = { 'a.txt': POEM };
    expect(await content(files, { pattern: 'red.*?violet' })).toBe('No matches found');
    expect(await content(files, { pattern: 'red.*?violet', multiline: true })).toBe(
      'a.txt:2:is red.\na.txt:3:The violet',
    );
    expect(await content(files, { pattern: 'red.\nThe', multiline: true, '-o': true })).toBe(
      'a.txt:2:red.\na.txt:3:The',
    );
  });

  it('in either case', async () => {
    expect(await content({ a: 'ROSE' }, { pattern: 'rose' })).toBe('No matches found');
    expect(await content({ a: 'ROSE' }, { pattern: 'rose', '-i': true })).toBe('a:1:ROSE');
    expect(await content({ a: 'ROSE' }, { pattern: '(?i)rose' })).toBe('a:1:ROSE');
  });
});

describe('how much is shown', () => {
  const lines = Array.from({ length: 1_000 }, (_, at) => `x${at + 1}`).join('\n');

  it('250 lines, unless another number is asked for', async () => {
    const text = await content({ a: lines }, { pattern: 'x' });
    expect(text.split('\n')).toHaveLength(251);
    expect(text).toContain('[PARTIAL view: 1 to 250 of more. Go on with offset 250');
    expect((await content({ a: lines }, { pattern: 'x', head_limit: 0 })).split('\n')).toHaveLength(
      1_000,
    );
  });

  it('a part from the middle', async () => {
    const text = await content({ a: lines }, { pattern: 'x', head_limit: 2, offset: 500 });
    expect(text).toMatch(/^a:501:x501\na:502:x502\n\[PARTIAL view: 501 to 502 of more/);
  });

  it('no more characters than a result may have, and of a long line its beginning', async () => {
    const long = `${'y'.repeat(100_000)}\n`.repeat(100);
    const text = await content({ a: long }, { pattern: 'y' });
    expect(text.length).toBeLessThan(MAX_GREP_TEXT + 500);
    expect(text).toContain('[… 98000 more characters in this line]');
    expect(text).toContain('PARTIAL view');
  });
});

describe('which files are searched', () => {
  const files = {
    'a.ts': 'x',
    'b.js': 'x',
    'src/c.ts': 'x',
    'src/d.md': 'x',
    '.hidden': 'x',
    '.git/config': 'x',
    binary: 'x\0',
    utf16: Buffer.from('\ufeffx', 'utf16le'),
  };
  const found = async (input: object, given: Parameters<typeof folderWith>[0] = files) => {
    const { text } = await folderWith(given).call(Grep, { pattern: 'x', ...input });
    return text.split('\n').slice(1).toSorted();
  };

  it('all texts, hidden ones too; none of version control, none that is binary', async () => {
    expect(await found({})).toEqual(['.hidden', 'a.ts', 'b.js', 'src/c.ts', 'src/d.md', 'utf16']);
  });

  it.each([
    [{ glob: '*.ts' }, ['a.ts', 'src/c.ts']],
    [{ glob: '*.{ts,js}' }, ['a.ts', 'b.js', 'src/c.ts']],
    [{ glob: '*.ts *.md' }, ['a.ts', 'src/c.ts', 'src/d.md']],
    [{ glob: 'src/**' }, ['src/c.ts', 'src/d.md']],
    [{ glob: '!src' }, ['.hidden', 'a.ts', 'b.js', 'utf16']],
    [{ glob: '*.ts,!src/**' }, ['a.ts']],
    [{ type: 'ts' }, ['a.ts', 'src/c.ts']],
    [{ type: 'md', glob: 'src/*' }, ['src/d.md']],
    [{ path: 'src' }, ['src/c.ts', 'src/d.md']],
    [{ path: 'a.ts' }, ['a.ts']],
  ])('those that are asked for: %j', async (input, expected) => {
    expect(await found(input)).toEqual(expected);
  });

  it('none that an ignore file leaves out, above, below or beside', async () => {
    const given = {
      '.git/HEAD': '',
      '.gitignore': '*.log\n/out/\n',
      'sub/.gitignore': '!keep.log\nown/\n',
      'sub/.ignore': 'more\n',
      ...{ 'a.log': 'x', 'out/a': 'x', 'sub/out/a': 'x', 'sub/keep.log': 'x', 'sub/b.log': 'x' },
      ...{ 'sub/own/a': 'x', 'sub/more': 'x', b: 'x' },
    };
    expect(await found({}, given)).toEqual(['b', 'sub/keep.log', 'sub/out/a']);
    expect(await found({ path: 'sub' }, given)).toEqual(['sub/keep.log', 'sub/out/a']);
    expect(await found({ path: 'out' }, given)).toEqual(['out/a']); // it was asked for by name
  });

  it('none through a link', async () => {
    const { call, path } = folderWith({ 'in/a': 'x', 'out/b': 'x' });
    symlinkSync(path('out'), path('in/way'));
    symlinkSync(path('out/b'), path('in/link'));
    symlinkSync('.', path('in/circle'));
    expect((await call(Grep, { pattern: 'x', path: 'in' })).text).toBe('Found 1 file\nin/a');
  });

  it('none that a rule keeps from being read, by its own name or that of the link on the way, and that is said', async () => {
    const { call, path } = folderWith({ 'in/a': 'x', 'in/key': 'x', 'in/deep/key': 'x' });
    symlinkSync(path('in'), path('way'));
    const hidden = [/\/in\/key$/, /\/way\/deep(?:\/.*)?$/];
    const search = async (at: string) =>
      (await call(Grep, { pattern: 'x', path: at, output_mode: 'content' }, { hidden })).text;
    const leftOut = (count: number) =>
      `[${count} files or folders were left out: permission rules keep them from being read.]`;
    expect(await search('.')).toBe(`in/a:1:x\nin/deep/key:1:x\n${leftOut(1)}`);
    expect(await search('way/')).toBe(
      `${path('in/a')}:1:x\n${leftOut(2)}`.replace(`${path('')}/`, ''),
    );
    expect(await search('in/key')).toBe('in/key:1:x'); // decided by itself
  });

  it('none that is too large, and that is said', async () => {
    const { call, path } = folderWith({ a: 'x', large: 'x' });
    truncateSync(path('large'), MAX_SEARCHED_BYTES + 1);
    expect((await call(Grep, { pattern: 'x' })).text).toBe(
      `Found 1 file\na\n[1 files of more than ${MAX_SEARCHED_BYTES} bytes were not searched.]`,
    );
  });
});

describe('is refused', () => {
  it.each([
    [{ pattern: '(' }, 'is no regular expression of JavaScript'],
    [{ pattern: 'x', type: 'cobol' }, 'There is no type cobol. Known are c, config'],
    [{ pattern: 'x', path: 'nowhere' }, 'nowhere does not exist'],
    [{ pattern: 'x', '-A': -1 }, '`-A`: too small'],
    [{ pattern: 'x', output_mode: 'lines' }, '`output_mode`: invalid option'],
  ])('%j', async (input, why) => {
    const { isError, text } = await folderWith({ a: 'x' }).call(Grep, input);
    expect(isError).toBe(true);
    expect(text).toContain(why);
  });

  it('a place that the permission was not given for', async () => {
    const { call, path } = folderWith({ 'secret/a': 'x' });
    mkdirSync(path('open'));
    symlinkSync(path('secret'), path('open/way'));
    const { text } = await call(
      Grep,
      { pattern: 'x', path: 'open/way' },
      { realPath: path('open/way') },
    );
    expect(text).toContain('the permission was given for');
  });
});

it('reads an escape that only older patterns allow', async () => {
  expect(await content({ a: 'a-b' }, { pattern: 'a\\-b' })).toBe('a:1:a-b');
  expect(await content({ a: '😀' }, { pattern: '^.$' })).toBe('a:1:😀');
});
