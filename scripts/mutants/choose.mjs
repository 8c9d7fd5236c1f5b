/**
 * Chooses the mutants of a sample: of all that Stryker would make in some files those that a seed decides. Only they
 * are put into the code: with all of them in it every loop is ten times as slow.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

const OPTIONS = { plugins: null, ignorers: [], excludedMutations: [], noHeader: true };
const SILENT = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };

export const sourcesIn = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort();

/** The same mutant has the same name in each of Stryker's processes. */
export const nameOf = ({ fileName, location: { start, end }, replacement }) => {
  const place = `${start.line}:${start.column}-${end.line}:${end.column}`;
  return `${relative(process.cwd(), fileName)}:${place} ${replacement}`;
};

const rankOf = (name, seed) => createHash('sha256').update(`${seed} ${name}`).digest('hex');

/** As Stryker's `mutate` takes it: lines count from 1, columns from 0. */
const rangeOf = ({ fileName, location: { start, end } }) =>
  `${relative(process.cwd(), fileName)}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;

export const choose = async (files, seed, count) => {
  const sources = files.map((file) => ({
    ...{ name: resolve(file), mutate: true, content: readFileSync(file, 'utf8') },
  }));
  const { mutants } = await new Instrumenter(SILENT).instrument(sources, OPTIONS);
  const ranked = mutants.map((mutant) => ({ mutant, rank: rankOf(nameOf(mutant), seed) }));
  ranked.sort((one, other) => (one.rank < other.rank ? -1 : 1));
  const chosen = ranked.slice(0, count).map(({ mutant }) => mutant);
  return {
    all: mutants.length,
    names: chosen.map(nameOf),
    ranges: [...new Set(chosen.map(rangeOf))],
  };
};
