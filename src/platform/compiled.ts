/**
 * Where files of this package are that are not imported: the programs of threads and child processes, which run JavaScript
 * also where our own code runs from TypeScript (tests), the page, the documents. No other file looks at its own place: so
 * all others can be bundled.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A program of a thread or a child process, by its place in `src`: `programFile('storage/lmdb/writer-thread')`. What is
 * named so, as it stands there, is bundled into one file (`scripts/bundle/programs.mjs`).
 */
export const programFile = (place: string): string => builtFile(`programs/${place}.js`);

/** A file that the build makes, by its place in `dist`. Throws when it has not been built. */
export const builtFile = (path: string): string => {
  const file = packageFile(`dist/${path}`);
  if (existsSync(file)) return file;
  throw new Error(
    `${file} is missing: run "npm run build" first; a program that is bundled leaves the package greenroom outside`,
  );
};

/** A file of the package, by its place in it; it may not be there. */
export const packageFile = (path: string): string => `${folderOfPackage()}/${path}`;

/** Of a source file, and of what was compiled or bundled. */
const PLACE = /^(.*)\/(?:dist\/.*|src\/platform\/compiled\.ts)$/;

/** In a bundle of somebody else's it is that one's folder, where nothing of ours is found. */
const folderOfPackage = (): string => {
  const here = fileURLToPath(import.meta.url);
  return PLACE.exec(here)?.[1] ?? dirname(here);
};
