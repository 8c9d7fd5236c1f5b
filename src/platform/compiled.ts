/**
 * Where the compiled form of a file of ours is. Threads and child processes run JavaScript; our own
 * code may be running from TypeScript (tests), and then what it starts comes from `dist`.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The path of a compiled file. `moduleUrl` is the caller's `import.meta.url`, `relative` names the
 * file from there with its compiled ending: `compiledFile(import.meta.url, './model-worker.js')`.
 * Throws when it has not been built.
 */
export const compiledFile = (moduleUrl: string, relative: string): string => {
  const path = fileURLToPath(builtUrl(new URL(relative, moduleUrl)));
  if (existsSync(path)) return path;
  throw new Error(
    `${path} is missing: run "npm run build" first; a program that is bundled leaves the package greenroom outside`,
  );
};

/** `<root>/src/…` becomes `<root>/dist/src/…` where this file itself has not been compiled. */
const builtUrl = (url: URL): URL => {
  if (!import.meta.url.endsWith('.ts')) return url;
  const root = new URL('../..', import.meta.url).href;
  return url.href.startsWith(root) ? new URL(`dist/${url.href.slice(root.length)}`, root) : url;
};
