/** Folders packed and brought back: equal trees make equal bytes, what is left out is told of, what comes back is the same. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  createReadStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { checkArchive } from '../../src/archives/pack/check.ts';
import { excluding } from '../../src/archives/pack/exclude.ts';
import {
  draftBeside,
  extractTo,
  limitsOf,
  mustBeFree,
  USUAL_LIMITS,
} from '../../src/archives/pack/extract.ts';
import { ListLine, Tally } from '../../src/archives/pack/manifest.ts';
import { packFolder } from '../../src/archives/pack/pack.ts';
import { partsOf } from '../../src/archives/pack/parts.ts';
import { fileBytes, tarOf } from '../../src/archives/pack/tar-write.ts';
import { walk } from '../../src/archives/pack/walk.ts';
import type { Compression } from '../../src/session/ports/archives.ts';
import { FULL, makeTree, type Tree, treeOf } from '../support/trees.ts';

const base = mkdtempSync(join(tmpdir(), 'greenroom-pack-'));
afterAll(() => rmSync(base, { recursive: true }));
const MIB = 1024 * 1024;
let count = 0;
const newFolder = (): string => mkdtempSync(join(base, `${count++}-`));

const treeWith = (tree: Tree): string => {
  const root = newFolder();
  makeTree(root, tree);
  return root;
};

const pack = async (
  root: string,
  compression: Compression = 'gzip',
  exclude: readonly string[] = [],
) => {
  const into = join(newFolder(), 'archive');
  const listInto = `${into}.list`;
  const packed = await packFolder({ root, into, listInto, compression, exclude });
  const lines = gunzipSync(readFileSync(listInto))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ListLine.parse(JSON.parse(line)));
  return { into, packed, lines };
};

const unpack = (file: string, compression: Compression) => {
  const place = join(newFolder(), 'place');
  const source = compression === 'zip' ? { file } : { bytes: createReadStream(file) };
  const parts = partsOf(compression, source);
  return extractTo({ parts, place, draft: `${place}.draft`, limits: USUAL_LIMITS }).then(
    (extracted) => ({ place, extracted }),
  );
};

describe.each(['gzip', 'tar', 'zip'] as const)('%s', (compression) => {
  test('brings back what was packed: names, bytes, permissions, times, links', async () => {
    const root = treeWith(FULL);
    chmodSync(join(root, 'src/index.ts'), 0o751);
    chmodSync(join(root, 'src/deep'), 0o750);
    const { into, packed } = await pack(root, compression);
    const { place, extracted } = await unpack(into, compression);
    expect(extracted.left).toEqual([]);
    expect(treeOf(place)).toEqual(treeOf(root));
    expect(extracted.counts).toEqual(packed.counts);
    const again = await pack(place, compression);
    expect(again.packed.archive).toEqual(packed.archive);
  });

  test('of equal trees makes equal bytes, of others others', async () => {
    const [one, two, three] = [FULL, FULL, { ...FULL, empty: '!' }].map(treeWith);
    const packs = await Promise.all([one, two, three].map((root) => pack(root ?? '', compression)));
    const [first, second, third] = packs.map(({ packed }) => packed);
    expect(second).toEqual(first);
    expect(third?.archive.sha256).not.toBe(first?.archive.sha256);
    expect(first?.archive.sha256).toBe(
      createHash('sha256')
        .update(readFileSync(packs[0]?.into ?? ''))
        .digest('hex'),
    );
  });
});

test('a zip has the same bytes in every time zone', async () => {
  const root = treeWith({ a: '1' });
  const zone = process.env['TZ'];
  onTestFinished(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });
  const hashes = new Set<string>();
  for (const each of ['UTC', 'Asia/Tokyo', 'America/New_York']) {
    process.env['TZ'] = each;
    hashes.add((await pack(root, 'zip')).packed.archive.sha256);
  }
  expect(hashes.size).toBe(1);
});

describe('the list', () => {
  test('has each thing once, in order, with size, mode, time and hash', async () => {
    const root = treeWith({ 'b/two': '22', a: '1', 'b/link': { to: 'two' }, empty: null });
    const { lines } = await pack(root);
    expect(lines.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      ...['file a', 'folder b', 'link b/link', 'file b/two', 'folder empty'],
    ]);
    expect(lines[3]).toEqual({
      ...{ kind: 'file', path: 'b/two', size: 2, mode: expect.any(Number) },
      mtimeMs: Date.parse('2026-03-04T05:06:07.000Z'),
      sha256: createHash('sha256').update('22').digest('hex'),
    });
  });

  test('says what was left out, and by which pattern', async () => {
    const root = treeWith({
      'node_modules/x/index.js': 'x',
      'packages/a/node_modules/y.js': 'y',
      '.git/objects/ab/cd': 'z',
      '.git/HEAD': 'ref',
      'a.log': 'log',
    });
    const { lines, packed } = await pack(root, 'gzip', ['node_modules', '/.git/objects', '*.log']);
    expect(lines.filter(({ kind }) => kind === 'left')).toEqual([
      { kind: 'left', path: '.git/objects', why: 'left out by /.git/objects' },
      { kind: 'left', path: 'a.log', why: 'left out by *.log' },
      { kind: 'left', path: 'node_modules', why: 'left out by node_modules' },
      { kind: 'left', path: 'packages/a/node_modules', why: 'left out by node_modules' },
    ]);
    expect(packed).toMatchObject({ leftCount: 4, counts: { files: 1 } });
  });

  test('a name that is no text is left out, and the rest comes', async () => {
    const root = treeWith({ good: '1' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]), 'x');
    const { packed } = await pack(root);
    expect(packed).toMatchObject({ leftCount: 1, counts: { files: 1 } });
  });

  test('names each thing that was left out, however many', async () => {
    const names = Array.from({ length: 150 }, (_, n) => `${n}.log`);
    const root = treeWith(Object.fromEntries([...names, 'kept'].map((name) => [name, 'x'])));
    const { lines, packed } = await pack(root, 'gzip', ['*.log']);
    expect(packed).toMatchObject({ leftCount: 150, left: { length: 100 } });
    expect(lines.flatMap(({ kind, path }) => (kind === 'left' ? [path] : []))).toEqual(
      names.sort(),
    );
  });
});

describe('what will not be brought back', () => {
  const UNABLE = {
    'a\\b': '1',
    'c:x': '2',
    good: '3',
    abs: { to: '/usr/bin/env' },
    in: { to: 'good' },
  };

  test.each(['gzip', 'tar', 'zip'] as const)(
    'is told of when it is packed: %s',
    async (compression) => {
      const { into, packed, lines } = await pack(treeWith(UNABLE), compression);
      const paths = packed.left.map(({ path }) => path);
      expect(paths).toEqual(['a\\b', 'abs', 'c:x']);
      expect(lines.flatMap((line) => (line.kind === 'left' ? [line.path] : []))).toEqual(paths);
      const source = () =>
        compression === 'zip' ? { file: into } : { bytes: createReadStream(into) };
      expect((await checkArchive(partsOf(compression, source()), `${into}.list`)).faults).toEqual(
        [],
      );
      const { place, extracted } = await unpack(into, compression);
      expect(readdirSync(place).sort()).toEqual(['good', 'in']);
      expect(extracted.leftCount).toBe(compression === 'zip' ? 1 : 3); // names that a zip has not are not in there
      expect(packed.counts.files).toBe(compression === 'zip' ? 1 : 3);
    },
  );
});

describe('a file that changes while it is read', () => {
  const during = (change: (path: string) => void) => {
    const root = treeWith({ a: 'x'.repeat(600_000), b: 'after it' });
    const tally = new Tally();
    const lines: ListLine[] = [];
    const parts: Buffer[] = [];
    for (const part of tarOf(walk(root, excluding([]), tally), tally, (line) => lines.push(line))) {
      if (parts.length === 0) change(join(root, 'a'));
      parts.push(part);
    }
    return { bytes: Buffer.concat(parts), lines };
  };

  test.each([
    ['grows', (path: string) => appendFileSync(path, 'y'.repeat(100_000))],
    ['shrinks', (path: string) => truncateSync(path, 300_000)],
    ['is emptied', (path: string) => truncateSync(path, 0)],
  ])('that %s does not break the archive, and is said to have', async (_, change) => {
    const { bytes, lines } = during(change);
    const [a, b] = lines;
    expect(a).toMatchObject({
      path: 'a',
      size: 600_000,
      note: expect.stringMatching(/while it was read/),
    });
    expect(b).not.toHaveProperty('note');
    const file = join(newFolder(), 'tar');
    writeFileSync(file, bytes);
    const { place } = await unpack(file, 'tar');
    expect(readFileSync(join(place, 'b'), 'utf8')).toBe('after it');
    const came = readFileSync(join(place, 'a'));
    expect(came).toHaveLength(600_000);
    if (a?.kind === 'file') expect(createHash('sha256').update(came).digest('hex')).toBe(a.sha256);
  });

  test('a file is never read beyond what it was', () => {
    const root = treeWith({ a: '12345' });
    const tally = new Tally();
    for (const found of walk(root, excluding([]), tally)) {
      if (found.kind !== 'file') continue;
      appendFileSync(join(root, 'a'), '678');
      const bytes = fileBytes(found, tally);
      expect(bytes.next().value?.toString()).toBe('12345');
    }
  });
});

test('what was packed may come back, however many links it has, and not a byte more', () => {
  const counts = { files: 1, folders: 2, links: 20_000_000, bytes: 3 };
  expect(limitsOf(counts)).toMatchObject({ links: 20_000_000, entries: 20_000_003, totalBytes: 3 });
  expect(limitsOf({ ...counts, links: 0 })).toEqual({ ...USUAL_LIMITS, totalBytes: 3 });
});

test('what is on its way to a place has a name beside it, however long that of the place is', () => {
  expect(draftBeside('/srv/app', 'an-id')).toBe('/srv/app.restoring-an-id');
  for (const name of ['n'.repeat(255), 'é'.repeat(120)]) {
    const draft = draftBeside(`/srv/${name}`, 'an-id');
    expect(draft).toBe('/srv/.restoring-an-id');
  }
});

test.runIf(process.platform === 'linux')(
  'a place where something is mounted is refused before anything is brought there',
  async () => {
    await expect(mustBeFree('/proc')).rejects.toMatchObject({
      ...{ code: 'invalid_state', message: expect.stringContaining('mounted') },
    });
  },
);

test('a folder that is not there is an error, and so is a file', async () => {
  const root = treeWith({ a: '1' });
  await expect(pack(join(root, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(pack(join(root, 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test.each(['gzip', 'tar', 'zip'] as const)(
  'a file with holes comes back with holes: %s',
  async (compression) => {
    const root = newFolder();
    writeFileSync(join(root, 'disk'), 'begins');
    truncateSync(join(root, 'disk'), 4 * MIB);
    appendFileSync(join(root, 'disk'), 'goes on');
    truncateSync(join(root, 'disk'), 8 * MIB);
    const { into } = await pack(root, compression);
    const { place } = await unpack(into, compression);
    expect(treeOf(place)).toEqual(treeOf(root));
    expect(statSync(join(place, 'disk')).blocks).toBeLessThan((8 * MIB) / 512 / 2);
  },
);

test('an empty folder makes an archive, which brings back an empty folder', async () => {
  for (const compression of ['gzip', 'tar', 'zip'] as const) {
    const { into } = await pack(newFolder(), compression);
    const { place } = await unpack(into, compression);
    expect(readdirSync(place)).toEqual([]);
  }
});

test.each([
  ['node_modules', 'a/b/node_modules', true],
  ['node_modules', 'node_modules.txt', false],
  ['/dist', 'dist', true],
  ['/dist', 'a/dist', false],
  ['a/*/c', 'a/b/c', true],
  ['a/*/c', 'a/b/b/c', false],
  ['a/**/c', 'a/b/b/c', true],
  ['a/**/c', 'a/c', true],
  ['**/c', 'c', true],
  ['*.log', 'x/y.log', true],
  ['?.log', 'xy.log', false],
  ['a.b', 'axb', false],
  ['[a]', 'a', false],
])('the pattern %s and %s: %s', (pattern, path, expected) => {
  const name = path.split('/').at(-1) ?? '';
  expect(excluding([pattern])(path, name) !== undefined).toBe(expected);
});

test('a pattern that would take for ever takes no time', () => {
  const excludes = excluding([`${'**/'.repeat(100)}x`, `${'*a'.repeat(100)}b`]);
  expect(excludes(`${'a/'.repeat(1_000)}y`, 'a'.repeat(250))).toBeUndefined();
});
