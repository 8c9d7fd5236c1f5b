/** What the documents point to exists: files, headings, scripts, folders of the code. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documentNamed, fencesIn, PAGES, README, ROOT, shellLines } from './readme.ts';

const DOCUMENTS = [...PAGES, 'ARCHITECTURE.md', 'HACKING.md'];

/** As GitHub makes them. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

const withoutFences = (text: string): string =>
  fencesIn(text).reduce((rest, fence) => rest.replace(fence.text, ''), text);

const linksIn = (text: string): readonly string[] =>
  [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');

const isThere = (link: string, document: string): boolean => {
  const [file = '', anchor] = link.split('#');
  const name = file === '' ? document : join(dirname(document), file);
  if (!existsSync(`${ROOT}${name}`)) return false;
  return anchor === undefined || anchorsOf(documentNamed(name)).includes(anchor);
};

describe.each(DOCUMENTS)('%s', (document) => {
  const text = documentNamed(document);

  test('links only to files and headings that are there', () => {
    const links = linksIn(text).filter((link) => !/^https?:/.test(link));
    expect(links.filter((link) => !isThere(link, document))).toEqual([]);
  });

  test('names only paths that are there', () => {
    const paths = [
      ...text.matchAll(/`((?:src|supervisors|test|scripts|bench)\/[\w./-]*)`/g),
    ].flatMap(([, path = '']) => path);
    expect(paths.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });
});

test('the README is read in minutes: what is longer has a page of its own', () => {
  expect(README.length).toBeLessThan(12_000);
});

test('every npm script that the pages run is there', () => {
  const { scripts } = JSON.parse(documentNamed('package.json')) as {
    scripts: Record<string, string>;
  };
  const run = shellLines().flatMap(
    (line) => /\bnpm (?:run )?(start|test|\w+)$/.exec(line)?.[1] ?? [],
  );
  expect(run).toContain('start');
  expect(run.filter((name) => scripts[name] === undefined)).toEqual([]);
});

/** `dist/cli/*.cjs` is some of a folder, and so is `dist/src/**\/*.d.ts`. */
const folderOf = (path: string): string => path.replace(/\/(?:\*\*\/)?\*[.\w]+$/, '');

const isTaken = (path: string): boolean => !path.startsWith('!');

test('the package brings what its doors and its list of files name', () => {
  const { exports, bin, files } = JSON.parse(documentNamed('package.json')) as {
    exports: Record<string, string | Record<string, string>>;
    bin: Record<string, string>;
    files: string[];
  };
  const targets = Object.values(exports).flatMap((door) =>
    typeof door === 'string' ? [door] : Object.values(door),
  );
  const named = [...targets, ...Object.values(bin), ...files.map(folderOf).filter(isTaken)];
  expect(named.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
});
