/** What `greenroom/client` loads: a program that only talks to a daemon carries no store, and nothing that runs turns. */
import { expect, test } from 'vitest';
import { ROOT } from '../docs/readme.ts';
import { loadedBy } from '../support/loaded-by.ts';

const MODULES = `${ROOT}dist/src/client/index.js`;
/** The same, as programs import it: `dist/doors` is one bundle, cut where its doors part. */
const DOOR = `${ROOT}dist/doors/client.js`;

test.each([
  ['as modules', MODULES],
  ['as programs import it', DOOR],
])(
  'the client’s door, %s, loads no store, no executor, no schemas, no log and no SDK',
  (_, file) => {
    const { packages } = loadedBy([file]);
    expect(packages).toContain('nats');
    const heavy = ['lmdb', 'msgpackr', 'piscina', 'zod', 'pino', '@anthropic-ai/sdk', 'libsql'];
    expect(heavy.filter((name) => packages.has(name))).toEqual([]);
  },
);

test('the client’s door loads nothing of ours that runs turns', () => {
  const { files } = loadedBy([MODULES]);
  expect(files.some((path) => path.startsWith('client/'))).toBe(true);
  const foreign =
    /^(storage|executor|app|tools|hooks|text|search|classic-client|session\/actor|session\/machine)\//;
  expect(files.filter((path) => foreign.test(path))).toEqual([]);
});
