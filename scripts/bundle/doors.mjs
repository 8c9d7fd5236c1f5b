/**
 * Bundles the library, as programs import it, into `dist/doors`: to find and load its seven hundred small modules took
 * half of such a program's start. Runs after the compiler, and takes its files.
 *
 * 1. A door is what `package.json#exports` names. Its types stay where the compiler put them.
 * 2. The doors are one bundle: what two of them have lies in a part that both import, so a class is the same in all.
 * 3. Only our own code is taken in: a program and its Greenroom share their packages, zod for one.
 * 4. Stack traces have the names of the code, and with `--enable-source-maps` its files and lines.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = join(ROOT, 'dist', 'doors');

/** By name: what the compiler made of it. */
const doors = () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const declared = Object.values(exports).filter((door) => door.types !== undefined);
  return Object.fromEntries(
    declared.map((door) => [
      basename(door.default, '.js'),
      join(ROOT, door.types.replace(/\.d\.ts$/, '.js')),
    ]),
  );
};

/** With the way back to the sources, which the bundle's own map goes on with. */
const compiled = {
  name: 'compiled',
  load: (id) => ({
    code: readFileSync(id, 'utf8'),
    map: JSON.parse(readFileSync(`${id}.map`, 'utf8')),
  }),
};

export const bundleDoors = async () => {
  const build = await rolldown({
    input: doors(),
    cwd: ROOT,
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    plugins: [compiled],
  });
  await build.write({
    dir: FOLDER,
    cleanDir: true,
    format: 'esm',
    keepNames: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
    comments: { legal: true, annotation: false, jsdoc: false },
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name].js',
  });
  await build.close();
};
