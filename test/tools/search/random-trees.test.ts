/** Random trees of real files: `Glob` and `Grep` against naive implementations, ignore files against git itself. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Glob } from '../../../src/tools/builtin/glob.ts';
import { Grep } from '../../../src/tools/builtin/grep.ts';
import { isFull } from '../../chaos/size.ts';
import { folderWith } from '../calling.ts';

const numRuns = isFull() ? 2_000 : 40;
const timeout = isFull() ? 600_000 : 30_000;

const name = fc.constantFrom('a', 'b', 'ab', 'a.ts', 'b.js', '.x');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const line = fc.constantFrom('', 'x', 'xy', 'foo x', 'Foo', 'bar');
const content = fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));
const tree = fc.dictionary(path, content, { maxKeys: 12 });

/** What cannot be made, as a file below a file, is left out. */
const grown = (files: Readonly<Record<string, string>>) => {
  const place = folderWith({});
  for (const [file, text] of Object.entries(files))
    try {
      place.put(file, text);
    } catch {}
  return place;
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .toSorted();

const wildcard = fc.constantFrom('*', '**', '?', 'a*', '*.ts', '{a,b}', '[ab]', 'a', '.x', '*b*');
const glob = fc.array(wildcard, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

const PARTS: Readonly<Record<string, string>> = {
  '*': '[^/]*',
  '?': '[^/]',
  'a*': 'a[^/]*',
  '*.ts': '[^/]*\\.ts',
  '{a,b}': '(a|b)',
  '.x': '\\.x',
  '*b*': '[^/]*b[^/]*',
};

const naiveGlob = (pattern: string): RegExp => {
  const parts = pattern.split('/').map((part) => PARTS[part] ?? part);
  const source = parts.map((part) => (part === '**' ? '([^/]+/)*' : `${part}/`)).join('');
  return new RegExp(`^${source}$`);
};

it('Glob finds what a naive one finds', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(tree, glob, async (files, pattern) => {
      const { call, folder } = grown(files);
      const { text, isError } = await call(Glob, { pattern });
      const expected = filesBelow(folder).filter((file) => naiveGlob(pattern).test(`${file}/`));
      // It is an error if its first folder is not there.
      const found = isError || text === 'No files found' ? [] : text.split('\n');
      expect(found.toSorted()).toEqual(expected);
    }),
    { numRuns },
  );
});

it('Grep finds the lines that a naive one finds', { timeout }, async () => {
  const pattern = fc.constantFrom('x', '^x', 'o+', 'Foo|bar', '^$', '[a-f]', 'x$');
  await fc.assert(
    fc.asyncProperty(tree, pattern, fc.boolean(), async (files, source, isCaseless) => {
      const { call, folder } = grown(files);
      const options = { output_mode: 'content', '-i': isCaseless, head_limit: 0 };
      const { text } = await call(Grep, { pattern: source, ...options });
      const regexp = new RegExp(source, isCaseless ? 'i' : '');
      const expected = filesBelow(folder).flatMap((file) => {
        const lines = readFileSync(join(folder, file), 'utf8').split('\n');
        if (lines.at(-1) === '') lines.pop();
        return lines.flatMap((one, at) => (regexp.test(one) ? [`${file}:${at + 1}:${one}`] : []));
      });
      const found = text === 'No matches found' ? [] : text.split('\n');
      expect(found.toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns },
  );
});

const rule = fc.constantFrom(
  ...['a', '/a', 'a/', 'a/b', '*.ts', '!a', '!*.ts', '**/b', 'b/**', '!b/a', '*', '!*/', '?', '.x'],
);
const rules = fc.array(rule, { maxLength: 4 }).map((lines) => lines.join('\n'));

it('Grep leaves out what git leaves out', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(tree, rules, rules, async (files, above, below) => {
      const ignoring = { '.gitignore': above, 'b/.gitignore': below };
      const { call, folder, path: at } = grown({ ...ignoring, ...files });
      const git = (...args: readonly string[]) =>
        execFileSync('git', ['-C', folder, '-c', 'core.excludesFile=', ...args], {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '', GIT_CONFIG_NOSYSTEM: '1' },
        });
      git('init', '--quiet', '--template=');
      const expected = git('ls-files', '--others', '--exclude-standard', '-z').split('\0');
      const { text } = await call(Grep, { pattern: '(?:)', multiline: true, head_limit: 0 });
      const found = text.split('\n').slice(1);
      const isText = (file: string) => file !== '' && statSync(at(file)).size > 0;
      expect(found.filter(isText).toSorted()).toEqual(expected.filter(isText).toSorted());
    }),
    { numRuns: isFull() ? 500 : 30 },
  );
});
