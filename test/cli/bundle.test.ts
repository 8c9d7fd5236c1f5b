/** The bundled command line: what its commands load, and that it goes without what was kept compiled. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { version } from '../../src/platform/version.ts';
import { MAIN } from './installation.ts';
import { newFolder, type Ran } from './run-cli.ts';

const FOLDER = join(MAIN, '..');
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const node = (...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const options = { cwd: newFolder(), env: { PATH: process.env['PATH'] } };
    const child = execFile(process.execPath, args, options, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

/** The files that a call loads, and the packages that some of them are of. */
const loadedBy = async (...words: readonly string[]): Promise<readonly string[]> => {
  const { out } = await node(
    '--eval',
    `process.argv.splice(1, 0, ${JSON.stringify(MAIN)});
     process.on('exit', () => console.log(JSON.stringify(Object.keys(require.cache))));
     require(${JSON.stringify(MAIN)});`,
    '--',
    ...words,
  );
  return JSON.parse(out.split('\n').at(-2) ?? '') as string[];
};

test.each([[['status']], [['sessions', 'search', 'x']]])(
  '%j loads a few files of the bundle, and no package',
  async (words) => {
    const loaded = await loadedBy(...words, '--servers', 'nats://127.0.0.1:1');
    expect(loaded.filter((path) => !path.startsWith(FOLDER))).toEqual([]);
    expect(loaded.length).toBeGreaterThan(5);
    expect(loaded.length).toBeLessThan(15);
    expect(loaded.join()).toContain('nats-client.cjs');
    expect(loaded.join()).not.toContain('nats-rarely.cjs');
  },
);

test('start loads the daemon from its bundle, and of packages those alone that stay outside', async () => {
  const loaded = await loadedBy('start', '--data', '/dev/null/greenroom');
  expect(loaded.join()).toContain('/dist/daemon/daemon.cjs');
  expect(loaded.filter((path) => path.includes('/dist/src/'))).toEqual([]);
  const packages = new Set(loaded.flatMap((path) => /node_modules\/([^/]+)/.exec(path)?.[1] ?? []));
  expect([...packages]).toEqual(expect.arrayContaining(['lmdb', 'pino', 'piscina']));
  for (const name of ['zod', 'nats', 'croner', 'unbash']) expect(packages).not.toContain(name);
});

test('the version is said without any command', async () => {
  expect((await node(MAIN, '--version')).out).toBe(`${version}\n`);
  expect((await loadedBy('--version')).length).toBeLessThan(7);
});

test('each command of the help is there', async () => {
  const { out, code } = await node(MAIN, '--help');
  expect(code).toBe(0);
  for (const word of ['start', 'doctor', 'chat', 'sessions', 'import', 'completion'])
    expect(out).toContain(`  ${word} `);
});

/** As a package has it: without what was kept compiled. */
const packed = (): string => {
  const folder = newFolder();
  for (const bundle of ['cli', 'daemon'])
    cpSync(join(ROOT, 'dist', bundle), join(folder, 'dist', bundle), {
      recursive: true,
      filter: (path) => !path.endsWith('.compiled'),
    });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'dist', 'cli', 'main.cjs');
};

test('what was kept compiled may be missing, or be of something else', async () => {
  const main = packed();
  expect(existsSync(join(FOLDER, 'program.cjs.compiled'))).toBe(true);
  expect((await node(main, '--version')).out).toBe(`${version}\n`);
  writeFileSync(join(main, '..', 'program.cjs.compiled'), 'of another program');
  expect((await node(main, '--version')).out).toBe(`${version}\n`);
});

test('what was kept compiled and is broken, or is of another text as long, is not run', async () => {
  const main = packed();
  const text = join(main, '..', 'program.cjs');
  const compiled = readFileSync(join(FOLDER, 'program.cjs.compiled'));
  writeFileSync(`${text}.compiled`, Buffer.from(compiled).fill(0, compiled.length / 2));
  expect((await node(main, '--version')).out).toBe(`${version}\n`);
  writeFileSync(`${text}.compiled`, compiled);
  writeFileSync(text, readFileSync(text, 'utf8').replaceAll('Keeps Claude', 'KEEPS CLAUDE'));
  expect((await node(main, '--help')).out).toContain('KEEPS CLAUDE');
});

test('what imports packages is not kept compiled; all else of the daemon is, and V8 takes it', async () => {
  const folder = join(FOLDER, '..', 'daemon');
  const files = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  const isImporting = (name: string) => /\bimport\(/.test(readFileSync(join(folder, name), 'utf8'));
  expect(files.filter(isImporting)).toEqual(['importing.cjs']);
  expect(existsSync(join(folder, 'importing.cjs.compiled'))).toBe(false);
  const program = `
    const { Script } = require('node:vm');
    const { readFileSync } = require('node:fs');
    const filename = ${JSON.stringify(join(folder, 'daemon.cjs'))};
    const text = '(function (exports, require, module, __filename) {' + readFileSync(filename) + '\\n})';
    const cachedData = readFileSync(filename + '.compiled').subarray(32);
    console.log(new Script(text, { filename, cachedData }).cachedDataRejected);`;
  expect((await node('--eval', program)).out).toBe('false\n');
});

test('the daemon’s bundle is found from it, also through a link to the program', async () => {
  const main = packed();
  const link = join(newFolder(), 'greenroom');
  symlinkSync(main, link);
  const { out, err, code } = await node(link, 'doctor', '--data', newFolder(), '--json');
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('"name":"node"');
});

test.each(['runDaemon', 'storeCare', 'backupsCare', 'verifyDerived', 'examineFiles'])(
  'each part of the daemon finds what it names, whichever is asked for first: %s',
  async (part) => {
    const parts = join(FOLDER, '..', 'daemon', 'daemon-parts.cjs');
    const { err } = await node(
      '--eval',
      `const { daemonParts } = require(${JSON.stringify(parts)});
       Promise.resolve().then(() => daemonParts.${part}({}, {}, {})).catch(() => 0).then(() => process.exit());`,
    );
    expect(err).not.toContain('circular dependency');
  },
);
