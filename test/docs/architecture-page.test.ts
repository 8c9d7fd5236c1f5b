/** What ARCHITECTURE.md says of promises, parts and libraries is so. */
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentNamed, fencesIn, ROOT } from './readme.ts';

const PAGE = documentNamed('ARCHITECTURE.md');

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);

test('every promise that the code cites is defined', () => {
  const cited = ['src', 'supervisors', 'test']
    .flatMap(sourcesBelow)
    .flatMap((path) => [...documentNamed(path).matchAll(/\bP\d\b/g)].map(([promise]) => promise));
  const defined = [...PAGE.matchAll(/^- \*\*(P\d) /gm)].map((match) => match[1] ?? '');
  expect(defined).toEqual(['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8']);
  expect(cited.filter((promise) => !defined.includes(promise))).toEqual([]);
});

test('every folder of the code has its row', () => {
  const folders = readdirSync(`${ROOT}src`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `\`src/${name}/\``);
  expect(folders.filter((folder) => !PAGE.includes(`| ${folder} |`))).toEqual([]);
});

test('every library that we stand on is named', () => {
  const { dependencies, optionalDependencies } = JSON.parse(documentNamed('package.json')) as {
    dependencies: Record<string, string>;
    optionalDependencies: Record<string, string>;
  };
  expect(
    Object.keys({ ...dependencies, ...optionalDependencies }).filter(
      (name) => !PAGE.includes(`\`${name}\``),
    ),
  ).toEqual([]);
});

test('the children of the root are those of the printed tree', () => {
  const picture =
    fencesIn(documentNamed('docs/operations.md')).find(({ marker }) => marker === 'tree')?.text ??
    '';
  const drawn = [...picture.matchAll(/^[├└]─ (\w+) +(\w+)/gm)].map(([, id, kind]) => [
    id,
    kind === 'worker' ? 'a task' : kind,
  ]);
  const rows = [...PAGE.matchAll(/^\| `(\w+)` \| (\w[\w ]*) \|/gm)].map(([, id, kind]) => [
    id,
    kind,
  ]);
  expect(drawn.length).toBeGreaterThan(5);
  expect(rows).toEqual(drawn);
});

test('files that are named in the text exist, in src or in the runtime', () => {
  const named = [...PAGE.matchAll(/`([\w-]+\.ts)`/g)].map((match) => match[1] ?? '');
  const places = ['src/', 'src/otp/'];
  const isThere = (name: string) => places.some((place) => existsSync(`${ROOT}${place}${name}`));
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});
