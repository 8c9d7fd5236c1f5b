/** The bundled doors of the library: what each loads, that they share what they have, and that they say where an error is from. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from './docs/readme.ts';
import { loadedBy } from './support/loaded-by.ts';

interface Door {
  readonly types: string;
  readonly default: string;
}
const { exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  readonly exports: Readonly<Record<string, Door | string>>;
};
const DOORS = Object.entries(exports).flatMap(([name, door]) =>
  typeof door === 'string' ? [] : [{ name: name.replace('.', 'greenroom'), ...door }],
);

/** What a program prints that stands in the package and imports it by name. */
const saidBy = (program: string, ...flags: readonly string[]): string =>
  execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    ...{ cwd: ROOT, encoding: 'utf8' },
  }).trim();

test.each(DOORS)('$name is a few files and gives what its module gives', async (door) => {
  expect(loadedBy([ROOT + door.default]).files).toEqual([]);
  const of = (path: string) => `Object.keys(await import(${JSON.stringify(path)})).sort().join()`;
  const [bundled, compiled] = saidBy(
    `console.log(${of(door.name)}); console.log(${of(ROOT + door.types.replace('.d.ts', '.js'))})`,
  ).split('\n');
  expect(bundled).toBe(compiled);
});

test('what two doors give is the same in both', () => {
  const names = JSON.stringify(DOORS.map(({ name }) => name));
  const said = saidBy(`
    const doors = await Promise.all(${names}.map((name) => import(name)));
    const named = doors.flatMap((door) => Object.entries(door));
    const twice = named.filter(([name], at) => named.findIndex(([other]) => other === name) < at);
    const differing = twice.filter(([name, value]) => named.find(([other]) => other === name)[1] !== value);
    console.log(JSON.stringify([twice.length, differing.map(([name]) => name)]));`);
  const [shared, differing] = JSON.parse(said) as [number, string[]];
  expect(shared).toBeGreaterThan(10);
  expect(differing).toEqual(['query', 'tool']); // those of `greenroom/agent-sdk` are in the Agent SDK's form
});

test('a program shares its packages with the library: nothing of them is taken in', () => {
  const { packages } = loadedBy([`${ROOT}dist/doors/index.js`]);
  for (const name of ['zod', 'lmdb', 'msgpackr', 'nats', 'piscina', 'pino'])
    expect(packages).toContain(name);
});

test('a stack trace has the names of the code, and its files and lines where Node is asked for them', () => {
  const program = `
    import { GreenroomError, startGreenroom } from 'greenroom';
    const error = await startGreenroom({ dataDir: '/dev/null', dataFolder: 'x' }).catch((error) => error);
    console.log(GreenroomError.name, error.name, error.stack);`;
  const plain = saidBy(program);
  expect(plain).toMatch(/^GreenroomError ConfigError /);
  expect(plain).toMatch(/at mustBeKnown .*dist\/doors\//);
  expect(saidBy(program, '--enable-source-maps')).toMatch(/at mustBeKnown .*src\/index\.ts:\d+/);
});

test('the package has the doors, their types and the page, and no module beside them', () => {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const said = execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8' });
  const [{ files }] = JSON.parse(said) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  const named = DOORS.flatMap((door) => [door.default, door.types].map((path) => path.slice(2)));
  expect(paths).toEqual(expect.arrayContaining([...named, 'dist/src/dashboard/index.html']));
  expect(paths.filter((path) => /^dist\/src\/(?!dashboard\/).*\.js/.test(path))).toEqual([]);
});
