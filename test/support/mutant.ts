/** A copy of the compiled program with a seeded mistake: a test that does not find it is worth nothing. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

/** Replaces one place of one file (in a copy of all parts, or of those that are needed); gives the folder of the compiled program. It goes away with the test. */
export const mutant = (
  file: string,
  from: RegExp,
  to: string,
  parts: readonly string[] = ['.'],
): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-mutant-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const dist = join(folder, 'dist');
  for (const part of parts) cpSync(join(DIST, part), join(dist, part), { recursive: true });
  for (const name of ['package.json', 'node_modules'])
    symlinkSync(join(DIST, '..', name), join(folder, name));
  unbundle(dist);
  mutate(dist, file, from, to);
  return dist;
};

/** A bundle would not have the mistake: in the copy command line, daemon, threads and children are what the compiler made. */
const unbundle = (dist: string): void => {
  const main = join(dist, 'cli', 'main.cjs');
  if (existsSync(main)) writeFileSync(main, "void import('../src/cli/main.js');\n");
  const programs = readdirSync(join(DIST, 'programs'), { recursive: true, encoding: 'utf8' });
  for (const path of programs.filter((each) => each.endsWith('.js'))) {
    if (!existsSync(join(dist, 'src', path))) continue;
    const file = join(dist, 'programs', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `export * from '${relative(dirname(file), join(dist, 'src', path))}';\n`);
  }
};

/** One mistake more in a copy. */
export const mutate = (dist: string, file: string, from: RegExp, to: string): void => {
  const path = join(dist, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} has not exactly one ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
};
