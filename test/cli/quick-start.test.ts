/** What a command loads before it does anything: what most of them do takes less time than a schema library to load. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadedBy } from '../support/loaded-by.ts';
import { greenroom } from './run-cli.ts';

/** As the compiler leaves it: in the bundle no package can be told apart. */
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

test.each([
  [['status']],
  [['sessions', 'search', 'tag:x']],
  [['send', 'x', 'Hello']],
  [['approvals', 'list']],
])('%j loads no schemas, no store, no log and no SDK', (words) => {
  const loaded = loadedBy([MAIN, ...words]).packages;
  expect(loaded).toContain('commander');
  const heavy = ['zod', 'lmdb', 'pino', '@anthropic-ai/sdk', 'piscina', 'msgpackr'];
  expect(heavy.filter((name) => loaded.has(name))).toEqual([]);
});

test('what loads them is seen', () => {
  expect(loadedBy([MAIN, 'doctor']).packages).toContain('zod');
});

test('a command is found whether it is loaded alone or with all others', async () => {
  const { out } = await greenroom('--help');
  const names = [...(out.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)].map(
    ([, name]) => name,
  );
  expect(names.length).toBeGreaterThan(20);
  for (const name of names.filter((each) => each !== 'help')) {
    const help = await greenroom(`${name} --help`);
    expect(help.out).toContain(`Usage: greenroom ${name} `);
    expect([help.code, help.err]).toEqual([0, '']);
  }
});
