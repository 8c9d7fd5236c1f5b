/** What a Node program loads, told by the hooks of Node's own loader. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

const LOADER = `
import * as module from 'node:module';
const tell = (url) => process._rawDebug('loaded ' + url);
if (module.registerHooks) module.registerHooks({ load: (url, context, next) => (tell(url), next(url, context)) });
else module.register('data:text/javascript,' + encodeURIComponent(
  "export const load = (url, context, next) => { process._rawDebug('loaded ' + url); return next(url, context); };",
));
`;

export interface Loaded {
  /** Names of packages. */
  readonly packages: ReadonlySet<string>;
  /** Our own compiled files, from `dist/src`. */
  readonly files: readonly string[];
}

/** @param words a program and its arguments. */
export const loadedBy = (words: readonly string[]): Loaded => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-loads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'tell.mjs'), LOADER);
  const hook = pathToFileURL(join(folder, 'tell.mjs')).href;
  const { stderr } = spawnSync(process.execPath, ['--import', hook, ...words], {
    ...{ cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder } },
  });
  const named = (pattern: RegExp) => [...stderr.matchAll(pattern)].map(([, name = '']) => name);
  return {
    packages: new Set(named(/loaded \S+\/node_modules\/((?:@[^/]+\/)?[^/]+)/g)),
    files: named(/loaded \S+\/dist\/src\/(\S+)/g),
  };
};
