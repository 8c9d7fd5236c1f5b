import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from '../../src/platform/make-folder.ts';
import { folders } from '../storage/folders.ts';

const isLinux = process.platform === 'linux';

describe('a folder', () => {
  const folder = folders();

  it.each([
    ['waiting', makeFolder],
    ['at once', async (path: string) => makeFolderSync(path)],
  ])('is made with those above it, for its owner only, and once is enough: %s', async (_, make) => {
    const path = join(folder(), 'a', 'b', 'c');
    await Promise.all([make(path), make(path)]);
    await make(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    writeFileSync(join(path, 'file'), '');
    await expect(make(join(path, 'file', 'd'))).rejects.toThrow('ENOTDIR');
    if (isLinux) await expect(make('/proc/nowhere/a')).rejects.toThrow('ENOENT');
  });

  it('is asked for here alone: what Node makes with those above may never end', () => {
    const root = new URL('../../src/', import.meta.url);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(100);
    const asking = files.filter((name) =>
      /\bmkdir(Sync)?\([^;]*recursive/.test(readFileSync(new URL(name, root), 'utf8')),
    );
    expect(asking).toEqual([]);
    expect(existsSync(new URL('platform/make-folder.ts', root))).toBe(true);
  });
});
