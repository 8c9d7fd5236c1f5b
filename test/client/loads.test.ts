/** What `greenroom/client` loads: a program that only talks to a daemon carries no store, and nothing that runs turns. */
import { expect, test } from 'vitest';
import { ROOT } from '../docs/readme.ts';
import { loadedBy } from '../support/loaded-by.ts';

const DOOR = `${ROOT}dist/src/client/index.js`;

test('the client’s door loads no store, no executor, no schemas, no log and no SDK', () => {
  const { packages, files } = loadedBy([DOOR]);
  expect(packages).toContain('nats');
  const heavy = ['lmdb', 'msgpackr', 'piscina', 'zod', 'pino', '@anthropic-ai/sdk', 'libsql'];
  expect(heavy.filter((name) => packages.has(name))).toEqual([]);
  expect(files.some((path) => path.startsWith('client/'))).toBe(true);
  const foreign =
    /^(storage|executor|app|tools|hooks|text|search|classic-client|session\/actor|session\/machine)\//;
  expect(files.filter((path) => foreign.test(path))).toEqual([]);
});
