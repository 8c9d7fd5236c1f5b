/** A folder is copied as it is, or what is left of it is told; nothing that is written to one shows in the other. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { copyFolder } from '../../src/archives/pack/copy-folder.ts';
import { FULL, makeTree, treeOf } from '../support/trees.ts';

const base = mkdtempSync(join(tmpdir(), 'greenroom-copies-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const LIMITS = { entries: 10_000, bytes: 10_000_000 };

const folder = (): string => {
  const root = join(base, `tree-${count++}`);
  mkdirSync(root);
  return root;
};
const copied = async (root: string, limits = LIMITS) => {
  const into = join(base, `copy-${count++}`);
  return { into, ...(await copyFolder({ root, into, limits })) };
};

describe('a copy', () => {
  test('has all that the folder has: bytes, modes, times, links that stay inside', async () => {
    const root = folder();
    makeTree(root, FULL);
    chmodSync(join(root, 'README.md'), 0o754);
    const { into, left, counts } = await copied(root);
    expect(left).toEqual([]);
    expect(treeOf(into)).toEqual(treeOf(root));
    expect(readlinkSync(join(into, 'links/folder'))).toBe('../src');
    const kinds = Object.values(treeOf(root)).map((each) => each.split(' ')[0]);
    const of = (kind: string) => kinds.filter((each) => each === kind).length;
    expect(counts).toMatchObject({ files: of('file'), folders: of('folder'), links: of('link') });
  });

  test('shares nothing that is written: neither second names of a file, nor what is changed in place', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'as it was');
    linkSync(join(root, 'a'), join(root, 'b'));
    linkSync(join(root, 'a'), join(base, 'outside'));
    const { into } = await copied(root);
    for (const name of ['a', 'b']) expect(lstatSync(join(into, name)).nlink).toBe(1);
    appendFileSync(join(root, 'a'), ', and more');
    appendFileSync(join(into, 'b'), ', another way');
    expect(readFileSync(join(into, 'a'), 'utf8')).toBe('as it was');
    expect(readFileSync(join(root, 'b'), 'utf8')).toBe('as it was, and more');
  });

  test('is of the files that were found, also of one with holes and without the right to be read by others', async () => {
    const root = folder();
    writeFileSync(join(root, 'holes'), 'x');
    truncateSync(join(root, 'holes'), 3_000_000);
    writeFileSync(join(root, 'secret'), 'mine');
    chmodSync(join(root, 'secret'), 0o400);
    mkdirSync(join(root, 'closed'));
    writeFileSync(join(root, 'closed', 'in'), '');
    chmodSync(join(root, 'closed'), 0o500);
    const { into } = await copied(root);
    expect(statSync(join(into, 'holes')).size).toBe(3_000_000);
    expect(statSync(join(into, 'secret')).mode & 0o777).toBe(0o400);
    // Its owner may go on in it, and remove it.
    expect(statSync(join(into, 'closed')).mode & 0o777).toBe(0o700);
    rmSync(into, { recursive: true });
  });
});

describe('of what was made to do harm', () => {
  const OUTWARD: readonly (readonly [name: string, target: string])[] = [
    ...([
      ['absolute', '/etc/passwd'],
      ['up', '../secret'],
      ['far-up', '../../../../etc/passwd'],
      ['self', '..'],
    ] as const),
    ...([
      ['down-and-up', 'd/../../secret'],
      ['d/up', '../../secret'],
      ['d/root', '/'],
      ['windows', 'C:\\secret'],
      ['back', '..\\secret'],
    ] as const),
  ];

  test('links that lead out are left, each with its reason, and nothing is read through one', async () => {
    writeFileSync(join(base, 'secret'), 'not yours');
    const root = folder();
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'good'), 'good');
    for (const [name, target] of OUTWARD) symlinkSync(target, join(root, name));
    symlinkSync('good', join(root, 'inside'));
    symlinkSync(root, join(root, 'itself')); // absolute: the copy would lead to the original
    const { into, left, leftCount } = await copied(root);
    const paths = [...OUTWARD.map(([name]) => name), 'itself'].sort();
    expect(left.map(({ path }) => path).sort()).toEqual(paths);
    expect(leftCount).toBe(paths.length);
    expect(new Set(left.map(({ why }) => why))).toEqual(
      new Set([
        'its target is absolute',
        'its target is outside of the folder',
        'its target goes down and up again',
        'its target holds a zero byte or a backslash',
      ]),
    );
    expect(readdirSync(into).sort()).toEqual(['d', 'good', 'inside']);
  });

  test('what leads git to the repository of the original is left: a commit would be made there', async () => {
    const root = folder();
    const files = {
      '.git': `gitdir: ${root}/main/.git/worktrees/tree\n`,
      'out/.git': 'gitdir: ../../main/.git/worktrees/tree\n',
      'inner/.git': 'gitdir: ../main/.git/modules/inner\n',
      'odd/.git': 'no pointer',
      'odd/.gitignore': 'gitdir: /elsewhere',
    };
    for (const name of ['out', 'inner', 'odd']) mkdirSync(join(root, name));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    const { into, left } = await copied(root);
    const why = 'it leads git to the repository of the original';
    expect(left).toEqual([
      { path: '.git', why: `${why}: its target is absolute` },
      { path: 'out/.git', why: `${why}: its target is outside of the folder` },
    ]);
    for (const [name, text] of Object.entries(files).slice(2))
      expect(readFileSync(join(into, name), 'utf8')).toBe(text);
  });

  test('a name that is no UTF-8, and folders in each other without end, are left', async () => {
    const root = folder();
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), 'x');
    mkdirSync(join(root, 'd/'.repeat(205)), { recursive: true });
    const { into, left } = await copied(root);
    expect(left.map(({ why }) => why).sort()).toEqual([
      'folders stand more than 200 deep',
      'its name is no UTF-8',
    ]);
    expect(readdirSync(into)).toEqual(['d']);
  });

  test('no bit but permissions is kept', async () => {
    const root = folder();
    writeFileSync(join(root, 'run'), '#!/bin/sh\n');
    chmodSync(join(root, 'run'), 0o6755);
    const { into } = await copied(root);
    expect(statSync(join(into, 'run')).mode & 0o7777).toBe(0o755);
  });
});

describe('beyond a limit nothing is copied', () => {
  test.each([
    ['bytes', { entries: 100, bytes: 1_999 }],
    ['entries', { entries: 2, bytes: 10_000 }],
  ])('of %s', async (_, limits) => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'x'.repeat(1_000));
    writeFileSync(join(root, 'b'), 'x'.repeat(1_000));
    writeFileSync(join(root, 'c'), '');
    await expect(copied(root, limits)).rejects.toMatchObject({ code: 'too_large' });
    await copied(root, { entries: 3, bytes: 2_000 });
  });

  test('and not a file that says it is larger than the disk', async () => {
    const root = folder();
    writeFileSync(join(root, 'large'), '');
    truncateSync(join(root, 'large'), 5_000_000_000_000);
    await expect(copied(root)).rejects.toMatchObject({ code: 'too_large' });
    expect(existsSync(join(root, 'large'))).toBe(true);
  });
});
