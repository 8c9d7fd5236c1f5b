/** The bundled programs of threads and child processes: a thread that is lost is replaced the sooner, the less it has to load. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FOLDER = fileURLToPath(new URL('../dist/programs/', import.meta.url));
const PROGRAMS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.js'),
);

const IMPORT = /(?:^import\b[^'"\n]*|\bimport\(|\brequire\()['"]([^'"\n]+)['"]/gm;
/** Node has other names for these that `node:` does not stand before. */
const OF_NODE = /^(?:node:|(?:fs|path|url|util|stream|events|zlib|crypto|buffer)$)/;

test.each(PROGRAMS)('%s is one file: besides Node it loads native packages alone', (program) => {
  const text = readFileSync(join(FOLDER, program), 'utf8');
  const loaded = [...text.matchAll(IMPORT)].map(([, name = '']) => name);
  const outside = new Set(loaded.filter((name) => !OF_NODE.test(name)));
  expect(['lmdb', 'msgpackr', 'libsql']).toEqual(expect.arrayContaining([...outside]));
});

test('all that the code starts is there', () => {
  expect(PROGRAMS.length).toBeGreaterThan(15);
  expect(PROGRAMS).toContain('storage/lmdb/writer-thread.js');
});
