/**
 * Plugins of Stryker: of the mutants in the code it lets those of the sample pass, and at the end prints which of them
 * no test noticed and leaves the figures to `main.mjs`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { nameOf } from './choose.mjs';

const NOTICED = ['Killed', 'Timeout'];
const UNNOTICED = ['Survived', 'NoCoverage'];

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

class Sample {
  #chosen = new Set();

  async init() {
    this.#chosen = new Set(json(process.env.MUTANTS_PLAN).names);
  }

  async group(mutants) {
    return [mutants.map(({ id }) => id)];
  }

  async check(mutants) {
    const result = (mutant) =>
      this.#chosen.has(nameOf(mutant))
        ? { status: 'passed' }
        : { status: 'compileError', reason: 'not in the sample' };
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, result(mutant)]));
  }
}

/** `code → replacement`, as the list of equivalent mutants has it; `after` is the line before, where that is not enough. */
const textOf = ({ replacement, location: { start, end } }, all) => {
  const lines = all.slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return `${lines.join('\n')} → ${replacement}`.replaceAll(/\s+/g, ' ');
};

class Score {
  onMutationTestReportReady({ files }) {
    const known = json(new URL('./equivalent.json', import.meta.url));
    const mutants = Object.entries(files).flatMap(([path, { source, mutants: all }]) => {
      const lines = source.split('\n');
      return all.map((mutant) => ({
        ...{ ...mutant, path, text: textOf(mutant, lines) },
        lineBefore: lines[mutant.location.start.line - 2]?.trim(),
      }));
    });
    const noticed = mutants.filter(({ status }) => NOTICED.includes(status)).length;
    const unnoticed = mutants.filter(({ status }) => UNNOTICED.includes(status));
    const isEquivalent = ({ path, text, lineBefore }) =>
      known.some(
        ({ path: of, mutant, after = lineBefore }) =>
          of === path && mutant === text && after === lineBefore,
      );
    const open = unnoticed.filter((mutant) => !isEquivalent(mutant));
    for (const { path, location, text, status } of open)
      console.log(
        `${path}:${location.start.line}:${location.start.column} ${status}: ${text.slice(0, 300)}`,
      );
    const tally = { noticed, open: open.length, equivalent: unnoticed.length - open.length };
    writeFileSync(process.env.MUTANTS_TALLY, JSON.stringify(tally));
  }
}

export const strykerPlugins = [
  { kind: 'Checker', name: 'sample', injectableClass: Sample },
  { kind: 'Reporter', name: 'score', injectableClass: Score },
];
