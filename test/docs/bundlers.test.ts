/** What the page on bundlers says: a bundle is imported, the version is known in it, drivers are left alone, workers are named. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { expect, onTestFinished, test } from 'vitest';
import { version } from '../../src/platform/version.ts';
import { documentNamed } from './readme.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const sourceFiles = () =>
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(ROOT, 'src', path));

test('the version is that of the package', () => {
  const { version: ofPackage } = createRequire(import.meta.url)('../../package.json');
  expect(version).toBe(ofPackage);
});

/** The library in one file, but for its native parts; the drivers are not told to be external. */
const bundle = async (): Promise<string> => {
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.bundle-')); // from where packages are found
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'program.mjs');
  const build = await rolldown({
    input: join(ROOT, 'dist/src/index.js'),
    platform: 'node',
    external: ['lmdb', 'msgpackr', 'piscina', 'pino'],
  });
  await build.write({ file, format: 'esm', inlineDynamicImports: true } as never);
  await build.close();
  return file;
};

test('a bundled program is imported, knows its version, and says which file of a thread is missing', async () => {
  const file = await bundle();
  expect(readFileSync(file, 'utf8')).not.toMatch(/(?:from|import\() ?["'](?:pg|redis)["']/);
  const program = `
    const { version, openStore } = await import(${JSON.stringify(file)});
    console.log(version);
    const store = await openStore('memory:');
    await store.close();
    await openStore('lmdb:' + process.argv[1]).catch((error) => console.log(String(error)));
    const redis = await openStore('redis://127.0.0.1:1');
    await redis.close();`;
  const data = join(file, '..', 'data');
  const args = ['--input-type=module', '--eval', program, data];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [said, missing] = stdout.split('\n');
  expect(said).toBe(version);
  expect(missing).toContain('writer-thread.js');
});

test('every file that is found by its place is named', () => {
  const page = documentNamed('docs/guide/bundlers.md');
  const files = sourceFiles().flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/compiledFile\(import\.meta\.url, '\.\/(.+?)'\)/g)].map(
      ([, file = '']) => file,
    ),
  );
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((file) => !page.includes(`\`${file}\``))).toEqual([]);
});
