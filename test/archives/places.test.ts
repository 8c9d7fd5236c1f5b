/** Which folders are archived and brought back to, and what stands in a folder of archives that we did not put there. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { link, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mustBeAllowed } from '../../src/archives/allowed.ts';
import { ownerOf } from '../../src/archives/backups/backup-place.ts';
import { mustBeApart } from '../../src/archives/backups/places.ts';
import { type Disk, FolderTarget } from '../../src/archives/targets/folder-target.ts';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-places-')));
afterAll(() => rmSync(base, { recursive: true }));
const folder = (...names: readonly string[]): string => {
  const path = join(base, ...names);
  mkdirSync(path, { recursive: true });
  return path;
};

describe('a folder for archives', () => {
  const dataDir = folder('data');
  const archiveDir = folder('put', 'archives');
  const root = folder('projects');
  const own = folder('data', 'workspaces', 'default', 'mine');
  const allowed = (path: string, ours = own) =>
    mustBeAllowed(path, ours, { dataDir, archiveDir, roots: [root, join(base, 'put')] });

  test("is one of the roots, or the session's own", async () => {
    await allowed(folder('projects', 'a'));
    await allowed(own);
    await expect(allowed('/etc')).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('is neither the folder of archives, nor in it, nor around it', async () => {
    for (const path of [archiveDir, join(archiveDir, 'new'), join(base, 'put')])
      await expect(allowed(path)).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('is none of the directories that Greenroom makes for other sessions, wherever these lie', async () => {
    const workspaces = folder('projects', 'workspaces');
    const mine = folder('projects', 'workspaces', 'default', 'mine');
    const theirs = folder('projects', 'workspaces', 'default', 'theirs');
    const there = (path: string) =>
      mustBeAllowed(path, mine, { dataDir, archiveDir, workspaces, roots: undefined });
    await there(mine);
    await there(folder('projects', 'b'));
    for (const path of [theirs, workspaces, root])
      await expect(there(path)).rejects.toMatchObject({ code: 'forbidden' });
  });

  test("is not the session's own any more where a link stands in its place", async () => {
    const other = folder('data', 'workspaces', 'acme', 'theirs');
    for (const [at, target] of ['/etc', other].entries()) {
      const link = join(dataDir, 'workspaces', 'default', `link-${at}`);
      symlinkSync(target, link);
      await expect(allowed(link, link)).rejects.toMatchObject({ code: 'forbidden' });
    }
  });
});

describe('in the folder of archives', () => {
  const { signal } = new AbortController();
  const local = (text: string) => {
    const path = join(folder('staging'), 'file');
    writeFileSync(path, text);
    return { path, size: text.length, sha256: '' };
  };
  const textOf = async (target: FolderTarget, name: string) => {
    const parts: Uint8Array[] = [];
    for await (const part of target.read(name, 0, 5)) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  test('a pipe under the name of an object is none, is not waited for, and gives way', async () => {
    const dir = folder('with-pipe');
    execFileSync('mkfifo', [join(dir, 'object')]);
    const target = new FolderTarget(dir);
    expect(await target.size('object')).toBeUndefined();
    await expect(textOf(target, 'object')).rejects.toMatchObject({ code: 'archive_not_found' });
    await target.put('object', local('bytes'), signal);
    expect(await textOf(target, 'object')).toBe('bytes');
  });

  test.each(['EPERM', 'ENOTSUP', 'EINVAL'])(
    'on a disk of another machine, which says %s to what it cannot, objects are put, and each once',
    async (code) => {
      const cannot = (what: string) => () =>
        Promise.reject(Object.assign(Error(code), { code: what }));
      const disk: Disk = { link: cannot(code), rename: cannot('EXDEV'), syncFolder: cannot(code) };
      const dir = folder(`share-${code}`);
      const target = new FolderTarget(dir, disk);
      expect(await target.putOnce('lease', Buffer.from('first'))).toBe(true);
      expect(await target.putOnce('lease', Buffer.from('other'))).toBe(false);
      expect(await textOf(target, 'lease')).toBe('first');
      const file = local('bytes');
      await target.put('object', file, signal);
      await target.overwrite('small', Buffer.from('whole'));
      expect(await textOf(target, 'object')).toBe('bytes');
      expect(statSync(join(dir, 'object')).mode & 0o777).toBe(0o600);
      expect(readdirSync(dir).sort()).toEqual(['lease', 'object', 'small']);
    },
  );

  test('a disk that fails is no disk that cannot', async () => {
    const broken = () => Promise.reject(Object.assign(Error('EIO'), { code: 'EIO' }));
    const target = new FolderTarget(folder('broken'), { link, rename, syncFolder: broken });
    await expect(target.overwrite('small', Buffer.from('x'))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

test('a place for backups is not in the data directory, whatever it is called', () => {
  const dataDir = folder('held');
  folder('held', 'store');
  symlinkSync(dataDir, join(base, 'another-name'));
  const apart = (dir: string) => () => mustBeApart({ kind: 'folder', dir }, dataDir);
  for (const dir of [dataDir, join(dataDir, 'backing-up'), join(dataDir, 'not', 'there')])
    expect(apart(dir), dir).toThrow('in the data directory');
  expect(apart(join(base, 'another-name', 'backups'))).toThrow('in the data directory');
  expect(apart(join(base, 'held', '..', 'held', 'store'))).toThrow('in the data directory');
  for (const dir of [base, join(base, 'held-too'), join(base, 'not', 'there'), '/'])
    expect(apart(dir), dir).not.toThrow();
});

test('who works at a place by hand is another than the daemon of the same data', () => {
  const names = [undefined, 1, 2].map((pid) => ownerOf('a store', 'host', '/data', pid));
  expect(new Set(names).size).toBe(3);
});
