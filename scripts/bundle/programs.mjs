/**
 * Bundles the programs of threads and child processes, each into one file, `dist/programs/PLACE.js`: to find and load their
 * small modules, and those of the packages, took longer than what most of them do. Runs after the compiler, and takes its files.
 *
 * 1. A program is what `programFile('PLACE')` names somewhere in the code.
 * 2. Native packages stay outside, all others are taken in.
 * 3. Stack traces have the names of the code: what is renamed because two modules have the name keeps the one it had.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DIST = join(ROOT, 'dist');
const FOLDER = join(DIST, 'programs');

const ASKED_FOR = /\bprogramFile\('([^']+)'\)/g;

const programs = () => {
  const files = ['src', 'supervisors'].flatMap((folder) =>
    readdirSync(join(DIST, folder), { recursive: true })
      .filter((path) => path.endsWith('.js'))
      .map((path) => join(DIST, folder, path)),
  );
  const named = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(ASKED_FOR)]);
  return new Set(named.map(([, place]) => place));
};

const NATIVE = ['lmdb', 'msgpackr', 'libsql'];
/** Of these an import gets the ES modules, which take twice as long to load as what a `require` gets. */
const REQUIRED = ['lmdb', 'msgpackr'];

const native = {
  name: 'native packages',
  resolveId: (specifier, importer) => {
    if (!NATIVE.includes(specifier)) return undefined;
    const isImport = REQUIRED.includes(specifier) && !importer?.startsWith('\0');
    return isImport ? `\0${specifier}` : { id: specifier, external: true };
  },
  load: (id) => (id.startsWith('\0') ? requiring(id.slice(1)) : undefined),
};

const requiring = (name) =>
  REQUIRED.includes(name) ? `module.exports = require('${name}');` : undefined;

const bundle = async (place) => {
  const build = await rolldown({
    input: join(DIST, 'src', `${place}.js`),
    cwd: ROOT,
    platform: 'node',
    plugins: [native],
  });
  await build.write({
    file: join(FOLDER, `${place}.js`),
    format: 'esm',
    keepNames: true,
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
};

/** In place: a daemon that runs meanwhile starts its threads from here. */
export const bundlePrograms = async () => {
  const places = programs();
  await Promise.all([...places].map(bundle));
  for (const path of readdirSync(FOLDER, { recursive: true }))
    if (path.endsWith('.js') && !places.has(path.slice(0, -3))) rmSync(join(FOLDER, path));
};
