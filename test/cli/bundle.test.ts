/** The bundled command line: what its commands load, and that it goes without what was kept compiled. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
  mkdirSync(join(folder, 'dist', 'cli'), { recursive: true });
  for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.cjs')))
    cpSync(join(FOLDER, name), join(folder, 'dist', 'cli', name));
  symlinkSync(join(ROOT, 'dist', 'src'), join(folder, 'dist', 'src'));
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

test('what is left outside is found from it, also through a link to the program', async () => {
  const main = packed();
  const link = join(newFolder(), 'greenroom');
  symlinkSync(main, link);
  const { out, err, code } = await node(link, 'doctor', '--data', newFolder(), '--json');
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('"name":"node"');
});
