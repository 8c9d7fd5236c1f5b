/**
 * Archives that were made to do harm: nothing comes to be outside of the place, nothing that was there changes, and what
 * was left is told of. Each case is unpacked beside a file that it would like to reach.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { type Extracted, extractTo, USUAL_LIMITS } from '../../src/archives/pack/extract.ts';
import { partsOf } from '../../src/archives/pack/parts.ts';
import { codeOf } from '../../src/model/errors.ts';
import { pax, type RawEntry, rawEntry, rawTar } from '../support/raw-tar.ts';

const root = mkdtempSync(join(tmpdir(), 'greenroom-hostile-'));
const VICTIM = join(root, 'victim');
writeFileSync(VICTIM, 'as it was');
mkdirSync(join(root, 'victims'));
writeFileSync(join(root, 'victims', 'inner'), 'as it was');
let count = 0;

async function* whole(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

const LIMITS = {
  ...USUAL_LIMITS,
  entries: 1_000,
  fileBytes: 50_000,
  totalBytes: 100_000,
  links: 10,
};

interface Outcome {
  readonly place: string;
  readonly extracted: Extracted | undefined;
  readonly code: string | undefined;
}

const unpack = async (bytes: Buffer, compression: 'tar' | 'gzip' = 'tar'): Promise<Outcome> => {
  const place = join(root, `place-${count++}`);
  try {
    const parts = partsOf(compression, { bytes: whole(bytes) });
    const extracted = await extractTo({ parts, place, draft: `${place}.draft`, limits: LIMITS });
    return { place, extracted, code: undefined };
  } catch (error) {
    return { place, extracted: undefined, code: codeOf(error) };
  } finally {
    expect(existsSync(`${place}.draft`)).toBe(false);
  }
};

const good: RawEntry = { name: 'good.txt', body: 'good' };

/** Each alone between two good files: it is left, they are not. */
const LEFT: Readonly<Record<string, readonly RawEntry[]>> = {};
const left = LEFT as Record<string, readonly RawEntry[]>;

const BAD_PATHS = [
  ...[
    '../victim',
    '../../victim',
    'a/../../victim',
    'a/b/../../../victim',
    '..',
    'a/..',
    './../victim',
  ],
  ...[VICTIM, '//victim', '/etc/passwd', '/', 'a//b', 'a/./b', './/../victim', 'a/../victim'],
  ...['..\\victim', 'a\\..\\..\\victim', '\\victim', 'C:\\victim', 'C:victim', 'c:/victim', 'z:'],
  ...['...\\victim', '.. /victim\\', '../', '../.', './..', 'a/b/c/d/../../../../../victim'],
  `${'x'.repeat(60)}/../../victim`,
];
for (const name of BAD_PATHS) {
  left[`a file called ${JSON.stringify(name.slice(0, 40))}`] = [{ name, body: 'bad' }];
  left[`a folder called ${JSON.stringify(name.slice(0, 40))}`] = [{ name: `${name}/`, flag: '5' }];
}
for (const path of [
  '../victim',
  VICTIM,
  'a/../../victim',
  'x'.repeat(300),
  `a/${'y/'.repeat(2_100)}z`,
])
  left[`a pax path ${path.slice(0, 30)}, ${path.length} long`] = [
    pax({ path }),
    { name: 'harmless', body: 'bad' },
  ];
left['a pax path with a zero byte'] = [pax({ path: 'a\0/../victim' }), { name: 'x', body: 'bad' }];
left["a long name of GNU's that leads out"] = [
  { name: '././@LongLink', flag: 'L', body: '../victim\0' },
  { name: 'harmless', body: 'bad' },
];
left['a prefix that leads out'] = [{ name: 'victim', prefix: '..', body: 'bad' }];
for (const link of [
  ...[VICTIM, '../victim', '../../etc/passwd', '/', 'a/../../victim', 'C:\\x', '..\\victim', ''],
  ...['good.txt/../../victim', './../victim', 'x/../y', '..'],
])
  left[`a link to ${JSON.stringify(link)}`] = [{ name: 'link', flag: '2', link }];
left['a link below that leads out'] = [{ name: 'a/b/link', flag: '2', link: '../../../victim' }];
left['a pax link that leads out'] = [
  pax({ linkpath: '../victim' }),
  { name: 'link', flag: '2', link: 'good.txt' },
];
left["a long link of GNU's that leads out"] = [
  { name: '././@LongLink', flag: 'K', body: `${VICTIM}\0` },
  { name: 'link', flag: '2', link: 'good.txt' },
];
for (const link of [VICTIM, '../victim', 'good.txt'])
  left[`a second name of ${link === 'good.txt' ? link : 'what is outside'}: ${link.length}`] = [
    { name: 'hard', flag: '1', link },
  ];
for (const [flag, what] of Object.entries({
  '3': 'character device',
  '4': 'block device',
  '6': 'pipe',
}))
  left[`a ${what}`] = [{ name: 'special', flag }];
for (const flag of ['D', 'M', 'V', 'Z', '~']) left[`a kind ${flag}`] = [{ name: 'odd', flag }];
left['a sparse file of GNU'] = [{ name: 'sparse', flag: 'S', body: 'x' }];
left['a sparse file in pax'] = [pax({ 'GNU.sparse.major': '1' }), { name: 'sparse', body: 'x' }];

describe('what is left of an archive while the rest of it comes', () => {
  test.each(Object.entries(LEFT))('%s', async (_, entries) => {
    const { place, extracted } = await unpack(
      rawTar(good, ...entries, { name: 'behind.txt', body: 'good' }),
    );
    expect(extracted?.leftCount).toBe(1);
    expect(extracted?.left[0]?.why).toMatch(/\w/);
    expect(extracted?.counts.files).toBe(2);
    expect(readFileSync(join(place, 'good.txt'), 'utf8')).toBe('good');
    expect(readFileSync(join(place, 'behind.txt'), 'utf8')).toBe('good');
  });
});

/** All of it is refused, with this code. */
const REFUSED: Readonly<Record<string, readonly [string, () => Buffer, ('tar' | 'gzip')?]>> = {
  'a file that is larger than a file may be': [
    'too_large',
    () => rawTar({ name: 'big', body: Buffer.alloc(60_000) }),
  ],
  'files that are larger together': [
    'too_large',
    () => rawTar(...[1, 2, 3].map((n) => ({ name: `big${n}`, body: Buffer.alloc(40_000) }))),
  ],
  'a bomb': [
    'too_large',
    () => gzipSync(rawTar({ name: 'b', body: Buffer.alloc(9_000_000) })),
    'gzip',
  ],
  'more entries than there may be': [
    'too_large',
    () => rawTar(...Array.from({ length: 1_001 }, (_, n) => ({ name: `f${n}` }))),
  ],
  'more links than there may be': [
    'too_large',
    () =>
      rawTar(...Array.from({ length: 11 }, (_, n) => ({ name: `l${n}`, flag: '2', link: 'x' }))),
  ],
  'a pax header without an end': [
    'serialization_failed',
    () => rawTar({ name: 'pax', flag: 'x', size: 0o7777777777, body: 'x' }),
  ],
  'a long name without an end': [
    'serialization_failed',
    () => rawTar({ name: 'L', flag: 'L', size: 1_000_000, body: Buffer.alloc(1_000_000, 'a') }),
  ],
  'a size that no number is': [
    'serialization_failed',
    () => rawTar({ name: 'x', rawSize: Buffer.from('zzzzzzzzzzz\0') }),
  ],
  'a size below zero': [
    'serialization_failed',
    () => rawTar({ name: 'x', rawSize: Buffer.alloc(12, 0xff) }),
  ],
  'a size beyond all numbers': [
    'serialization_failed',
    () => rawTar({ name: 'x', rawSize: Buffer.from([0x80, ...Array<number>(11).fill(0xff)]) }),
  ],
  'a pax size that is none': [
    'serialization_failed',
    () => rawTar(pax({ size: '-5' }), { name: 'x' }),
  ],
  'a pax record whose length lies': [
    'serialization_failed',
    () => rawTar({ name: 'pax', flag: 'x', body: '999 path=x\n' }, { name: 'x' }),
  ],
  'a header whose sum is wrong': [
    'serialization_failed',
    () => rawTar({ name: 'x', isBroken: true }),
  ],
  'an archive that ends in a file': [
    'serialization_failed',
    () => rawEntry({ name: 'x', body: Buffer.alloc(5_000) }).subarray(0, 2_000),
  ],
  'an archive that ends in a header': [
    'serialization_failed',
    () => rawEntry({ name: 'x' }).subarray(0, 99),
  ],
  'what is no gzip': [
    'serialization_failed',
    () => Buffer.from('hello, this is no archive'),
    'gzip',
  ],
  'a gzip that was cut': [
    'serialization_failed',
    () => gzipSync(rawTar({ name: 'x', body: Buffer.from('abc'.repeat(9_000)) })).subarray(0, 60),
    'gzip',
  ],
};

describe('what is refused whole', () => {
  test.each(Object.entries(REFUSED))('%s', async (_, [code, bytes, compression]) => {
    const outcome = await unpack(bytes(), compression);
    expect(outcome.code).toBe(code);
    expect(existsSync(outcome.place)).toBe(false);
  });
});

describe('archives whose entries work together', () => {
  test('nothing is written through a link, whichever comes first', async () => {
    for (const target of ['..', '../victims', join(root, 'victims'), '.', 'sub']) {
      const { place, extracted } = await unpack(
        rawTar(
          { name: 'sub/', flag: '5' },
          { name: 'd', flag: '2', link: target },
          { name: 'd/inner', body: 'bad' },
          good,
        ),
      );
      expect(extracted?.counts.files).toBe(2); // in a folder d of its own
      expect(lstatSync(join(place, 'd')).isDirectory()).toBe(true);
      expect(readFileSync(join(place, 'd', 'inner'), 'utf8')).toBe('bad');
    }
  });

  test('no chain of links leads out', async () => {
    const { place } = await unpack(
      rawTar(
        { name: 'sub/deep/', flag: '5' },
        { name: 'sub/deep/up', flag: '2', link: '../..' },
        { name: 'out', flag: '2', link: 'sub/deep/up/../victim' },
        { name: 'twice', flag: '2', link: 'sub/deep/up/victim' },
      ),
    );
    expect(readdirSync(place)).not.toContain('out');
    expect(existsSync(join(place, 'twice'))).toBe(false); // below the root, where there is none
    expect(lstatSync(join(place, 'twice')).isSymbolicLink()).toBe(true);
  });

  test('of two files of one name the first stays', async () => {
    const { place, extracted } = await unpack(
      rawTar(
        { name: 'a', body: 'first' },
        { name: 'a', body: 'second' },
        { name: './a', body: 'third' },
      ),
    );
    expect(readFileSync(join(place, 'a'), 'utf8')).toBe('first');
    expect(extracted).toMatchObject({ leftCount: 2, counts: { files: 1 } });
  });

  test('a file that has to be a folder too stays a file, and the other way round', async () => {
    const { place, extracted } = await unpack(
      rawTar(
        { name: 'a', body: 'x' },
        { name: 'a/b', body: 'y' },
        { name: 'c/d', body: 'z' },
        { name: 'c', body: 'w' },
      ),
    );
    expect(extracted).toMatchObject({ leftCount: 2, counts: { files: 2 } });
    expect(readFileSync(join(place, 'c', 'd'), 'utf8')).toBe('z');
  });

  test('no file gets more than permissions', async () => {
    const { place } = await unpack(
      rawTar({ name: 's', body: 'x', mode: 0o6755 }, { name: 'd/', flag: '5', mode: 0o7777 }),
    );
    expect(statSync(join(place, 's')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(place, 'd')).mode & 0o7777).toBe(0o777);
  });

  test('what is somewhere already is refused, and stays as it is', async () => {
    const place = join(root, `place-${count}`);
    mkdirSync(place);
    writeFileSync(join(place, 'mine'), 'mine');
    expect((await unpack(rawTar(good))).code).toBe('invalid_state');
    expect(readdirSync(place)).toEqual(['mine']);
  });

  test('so is a link in the place of the folder, also one to an empty folder', async () => {
    const { symlinkSync } = await import('node:fs');
    const empty = mkdtempSync(join(root, 'empty-'));
    symlinkSync(empty, join(root, `place-${count}`));
    expect((await unpack(rawTar(good))).code).toBe('invalid_state');
    expect(readdirSync(empty)).toEqual([]);
  });
});

afterAll(() => {
  expect(readFileSync(VICTIM, 'utf8')).toBe('as it was');
  expect(readFileSync(join(root, 'victims', 'inner'), 'utf8')).toBe('as it was');
  expect(
    readdirSync(root)
      .filter((name) => !/^(place|empty)-/.test(name))
      .sort(),
  ).toEqual(['victim', 'victims']);
  rmSync(root, { recursive: true });
});
