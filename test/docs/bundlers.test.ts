/** What the page on bundlers says: a bundle is imported, the version is known in it, drivers are left alone, one file finds the others. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { expect, onTestFinished, test } from 'vitest';
import { programFile } from '../../src/platform/compiled.ts';
import { version } from '../../src/platform/version.ts';

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
    input: join(ROOT, 'dist/doors/index.js'),
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

test('one file alone looks at its own place, so all others can be bundled; the programs that it finds are there', () => {
  const texts = new Map(sourceFiles().map((path) => [path, readFileSync(path, 'utf8')]));
  const looking = [...texts]
    .filter(([, text]) => text.includes('import.meta'))
    .map(([path]) => path);
  const main = 'src/cli/main.ts'; // says only what program was started
  expect(looking.map((path) => relative(ROOT, path))).toEqual([main, 'src/platform/compiled.ts']);
  const programs = [...texts.values()].flatMap((text) =>
    [...text.matchAll(/programFile\('(.+?)'\)/g)].map(([, name = '']) => name),
  );
  expect(programs.length).toBeGreaterThan(5);
  for (const name of programs) expect(programFile(name)).toContain(name);
});
