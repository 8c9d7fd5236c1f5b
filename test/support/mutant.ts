/** A copy of the compiled program with a seeded mistake: a test that does not find it is worth nothing. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Beside `dist`, so that its files can be linked: to copy thousands takes seconds. The packages are found from there. */
const COPIES = join(ROOT, '.greenroom', 'copies');

/** The compiled program, or parts of it, in a folder that goes away with the test. Its files are links: replace them, never write into them. */
export const copyOfProgram = (parts: readonly string[] = ['.']): string => {
  mkdirSync(COPIES, { recursive: true });
  const folder = mkdtempSync(join(COPIES, 'program-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const dist = join(folder, 'dist');
  for (const part of parts) link(join(ROOT, 'dist', part), join(dist, part));
  link(join(ROOT, 'package.json'), join(folder, 'package.json'));
  return dist;
};

const link = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  execFileSync('cp', ['-Rl', from, to]);
};

/** Replaces one place of one file (in a copy of all parts, or of those that are needed); gives the folder of the compiled program. It goes away with the test. */
export const mutant = (
  file: string,
  from: RegExp,
  to: string,
  parts: readonly string[] = ['.'],
): string => {
  const dist = copyOfProgram(parts);
  mutate(dist, file, from, to);
  return dist;
};

/** One mistake more in a copy. */
export const mutate = (dist: string, file: string, from: RegExp, to: string): void => {
  const path = join(dist, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} has not exactly one ${from}`);
  rmSync(path);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
};
