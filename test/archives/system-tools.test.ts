/** What we pack is also unpacked by the system's `tar` and `unzip`, and what `tar` packs by us: nobody needs us for it. */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { extractTo, USUAL_LIMITS } from '../../src/archives/pack/extract.ts';
import { packFolder } from '../../src/archives/pack/pack.ts';
import { partsOf } from '../../src/archives/pack/parts.ts';
import { FULL, makeTree, treeOf } from '../support/trees.ts';

const base = mkdtempSync(join(tmpdir(), 'greenroom-tools-'));
afterAll(() => rmSync(base, { recursive: true }));
const root = join(base, 'tree');
mkdirSync(root);
makeTree(root, FULL);

const run = (program: string, ...args: readonly string[]): void => {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect({ status, stderr: stderr.slice(0, 500) }).toEqual({ status: 0, stderr: '' });
};

const hasProgram = (program: string): boolean => spawnSync(program, ['-h']).error === undefined;

test.each([
  ['gzip', 'tar', ['-xpzf']],
  ['tar', 'tar', ['-xpf']],
] as const)('%s is unpacked by %s', async (compression, program, args) => {
  const into = join(base, `by-${compression}`);
  await packFolder({ root, into, listInto: `${into}.list`, compression, exclude: [] });
  const place = join(base, `out-${compression}`);
  mkdirSync(place);
  run(program, ...args, into, '-C', place);
  expect(treeOf(place)).toEqual(treeOf(root));
});

test.skipIf(!hasProgram('unzip'))('zip is unpacked by unzip', async () => {
  const into = join(base, 'by.zip');
  await packFolder({ root, into, listInto: `${into}.list`, compression: 'zip', exclude: [] });
  const place = join(base, 'out-zip');
  run('unzip', '-q', into, '-d', place);
  // It leaves control characters out of names.
  const plain = (names: readonly string[]) => names.map((name) => name.replaceAll('\n', '')).sort();
  expect(Object.keys(treeOf(place)).sort()).toEqual(plain(Object.keys(treeOf(root))));
});

test.each(['gnu', 'ustar', 'pax'])(
  'a tar of the form %s, by tar, is unpacked by us',
  async (form) => {
    const names = form === 'ustar' ? ['src', 'blocks', 'links', 'README.md'] : ['.'];
    const into = join(base, `theirs-${form}`);
    run('tar', `--format=${form}`, '-cf', into, '-C', root, ...names);
    const place = join(base, `ours-${form}`);
    const parts = partsOf('tar', { bytes: createReadStream(into) });
    const limits = USUAL_LIMITS;
    const { leftCount } = await extractTo({ parts, place, draft: `${place}.draft`, limits });
    expect(leftCount).toBe(0);
    expect(treeOf(root)).toMatchObject(treeOf(place));
  },
);
