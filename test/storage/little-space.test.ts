/** A store that opens where a process has little address space: LMDB crashes with a map that does not fit. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const GIB = 1024 ** 3;

it.runIf(process.platform === 'linux')('opens a store below ulimit -v', () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-map-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const module = new URL('../../dist/src/storage/tables/lmdb-tables.js', import.meta.url);
  const program = `const { LmdbTables } = await import(${JSON.stringify(module.href)});
    const tables = new LmdbTables(${JSON.stringify(folder)});
    tables.transaction(() => tables.put(0, Buffer.from('a'), Buffer.from('b')));
    console.log(String(tables.get(0, 'a')));`;
  const line = `ulimit -v ${(200 * GIB) / 1024} && exec "$0" --input-type=module -e "$1"`;
  const said = execFileSync('/bin/sh', ['-c', line, process.execPath, program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  expect(String(said)).toBe('b\n');
});
