/** The end of the log names what failed, and how: it may be all that is kept of a run. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const SUMMARY = join(ROOT, 'scripts', 'test-summary.mjs');

const CONFIG = `export default { test: { projects: [{ test: { name: 'unit' } }] } };`;
const FILES = {
  'fails.test.ts': `
    import { describe, expect, it } from 'vitest';
    describe('a group', () => {
      it('passes', () => undefined);
      it('compares', () => expect({ cost: 1 }).toEqual({ cost: 2 }));
    });
    it('leaves a promise', async () => {
      void Promise.reject(new TypeError('of a promise'));
      await new Promise((resolve) => setTimeout(resolve, 10));
    });`,
  'does-not-load.test.ts': `import './missing.ts';`,
  'does-not-end.test.ts': `
    import { afterAll, it } from 'vitest';
    afterAll(() => { throw new Error('in a hook'); });
    it('passes here', () => undefined);`,
};

interface Run {
  readonly code: number;
  readonly said: string;
}

const run = (...args: string[]): Promise<Run> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: folder }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr }),
    );
  });

let folder = '';
let whole: Run = { code: 0, said: '' };

beforeAll(async () => {
  mkdirSync(join(ROOT, '.greenroom'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.greenroom', 'failing-'));
  mkdirSync(join(folder, 'test'));
  writeFileSync(join(folder, 'vitest.config.mjs'), CONFIG);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, 'test', name), text);
  const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=report.json'];
  const { said } = await run(VITEST, 'run', '--root', folder, ...reporters);
  whole = await summary(said, 'report.json');
  return () => rmSync(folder, { recursive: true, force: true });
});

const summary = async (output: string, ...reports: string[]): Promise<Run> => {
  writeFileSync(join(folder, 'output.txt'), output);
  return run(SUMMARY, 'output.txt', '1', ...reports);
};

it('names a failed test with its file, its group and the difference', () => {
  expect(whole.said).toMatch(
    / FAIL .*test\/fails\.test\.ts > a group > compares\nAssertionError: expected .+\n- Expected\n\+ Received/,
  );
});

it('names a file that could not be loaded and a hook that failed', () => {
  const { said } = whole;
  expect(said).toMatch(/ FAIL .*test\/does-not-load\.test\.ts.*\nError: .*missing\.ts/);
  expect(said).toMatch(/ FAIL .*test\/does-not-end\.test\.ts.*\nError: in a hook/);
});

it('tells of an error that no test caught, and which test ran then', () => {
  expect(whole.said).toMatch(
    /Unhandled Rejection .*\nTypeError: of a promise\n(.*\n)+The latest test that .*"leaves a promise"/,
  );
});

it('says it between the folders and the closing lines, and ends with the count', () => {
  const { code, said } = whole;
  const [folders, failures, closing, count] = [
    'Seconds by folder',
    ' FAIL ',
    ' Test Files ',
    '3 passed, 2 failed',
  ].map((text) => said.indexOf(text));
  expect(folders).toBe(0);
  expect(failures).toBeGreaterThan(0);
  expect(closing).toBeGreaterThan(failures ?? 0);
  expect(said.slice(count)).toBe('3 passed, 2 failed\n');
  expect(code).toBe(1);
});

it('takes from the report what the output does not have', async () => {
  const { said } = await summary('', 'report.json');
  expect(said).toMatch(/ FAIL .*fails\.test\.ts > a group compares\nAssertionError: expected/);
  expect(said).toMatch(/ FAIL .*does-not-end\.test\.ts\nin a hook/);
});
