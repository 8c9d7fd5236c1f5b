/** The projects of `vitest.config.ts` share the test files among themselves: none is left out, and none runs twice. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

it('every test file is in exactly one project', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [VITEST, 'list', '--filesOnly', '--json'],
    { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 },
  );
  const listed = (JSON.parse(stdout) as readonly { readonly file: string }[]).map(({ file }) =>
    relative(ROOT, file),
  );
  const there = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join('test', path));
  expect(listed.toSorted().map((path) => path.split(sep).join('/'))).toEqual(
    there.toSorted().map((path) => path.split(sep).join('/')),
  );
});
