/** What a command loads before it does anything: what most of them do takes less time than a schema library to load. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { MAIN } from './installation.ts';
import { greenroom } from './run-cli.ts';

/** Tells which packages are loaded, by the hooks of Node's own loader. */
const LOADER = `
import * as module from 'node:module';
const tell = (url) => process._rawDebug('loaded ' + url);
if (module.registerHooks) module.registerHooks({ load: (url, context, next) => (tell(url), next(url, context)) });
else module.register('data:text/javascript,' + encodeURIComponent(
  "export const load = (url, context, next) => { process._rawDebug('loaded ' + url); return next(url, context); };",
));
`;

const loadedBy = (words: readonly string[]): readonly string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-loads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'tell.mjs'), LOADER);
  const hook = pathToFileURL(join(folder, 'tell.mjs')).href;
  const { stderr } = spawnSync(process.execPath, ['--import', hook, MAIN, ...words], {
    ...{ cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder } },
  });
  return [...stderr.matchAll(/loaded \S+\/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].map(
    ([, name = '']) => name,
  );
};

test.each([
  [['status']],
  [['sessions', 'search', 'tag:x']],
  [['send', 'x', 'Hello']],
  [['approvals', 'list']],
])('%j loads no schemas, no store, no log and no SDK', (words) => {
  const loaded = new Set(loadedBy(words));
  expect(loaded).toContain('commander');
  const heavy = ['zod', 'lmdb', 'pino', '@anthropic-ai/sdk', 'piscina', 'msgpackr'];
  expect(heavy.filter((name) => loaded.has(name))).toEqual([]);
});

test('what loads them is seen', () => {
  expect(loadedBy(['doctor'])).toContain('zod');
});

test('a command is found whether it is loaded alone or with all others', async () => {
  const { out } = await greenroom('--help');
  const names = [...(out.split('Commands:\n')[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(
    ([, name]) => name,
  );
  expect(names.length).toBeGreaterThan(20);
  for (const name of names.filter((each) => each !== 'help')) {
    const help = await greenroom(`${name} --help`);
    expect(help.out).toContain(`Usage: greenroom ${name} `);
    expect([help.code, help.err]).toEqual([0, '']);
  }
});
