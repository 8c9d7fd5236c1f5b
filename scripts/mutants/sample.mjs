/**
 * A plugin of Stryker: of all mutants it lets a sample pass, chosen by a seed, and at the end prints the score of the
 * sample with its interval, and which mutants no test noticed.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const COUNT = Number(process.env.MUTANTS_COUNT ?? 300);
const SEED = process.env.MUTANTS_SEED ?? '1';
/** Of the normal distribution, for an interval that holds the true score 95 times of 100. */
const Z = 1.96;
const NOTICED = ['Killed', 'Timeout'];
const UNNOTICED = ['Survived', 'NoCoverage'];

const EQUIVALENT = new URL('./equivalent.json', import.meta.url);

/** A number for each mutant that only its text, its place and the seed decide. */
const rankOf = ({ fileName, location: { start }, replacement }) => {
  const place = `${relative(process.cwd(), fileName)}:${start.line}:${start.column}`;
  return createHash('sha256').update(`${SEED} ${place} ${replacement}`).digest('hex');
};

class Sample {
  #chosen = new Set();

  async init() {}

  /** It is called once, with all of them. */
  async group(mutants) {
    const ranked = mutants.map((mutant) => ({ id: mutant.id, rank: rankOf(mutant) }));
    ranked.sort((one, other) => (one.rank < other.rank ? -1 : 1));
    const ids = ranked.map(({ id }) => id);
    for (const id of ids.slice(0, COUNT)) this.#chosen.add(id);
    return [ids];
  }

  async check(mutants) {
    const result = ({ id }) =>
      this.#chosen.has(id)
        ? { status: 'passed' }
        : { status: 'compileError', reason: 'not in the sample' };
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, result(mutant)]));
  }
}

/** `code → replacement`, as the list of equivalent mutants has it. */
const textOf = ({ replacement, location: { start, end } }, source) => {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return `${lines.join('\n')} → ${replacement}`.replaceAll(/\s+/g, ' ');
};

/** Wilson's interval of a share, in per cent. */
const intervalOf = (part, all) => {
  const share = part / all;
  const middle = share + Z ** 2 / (2 * all);
  const half = Z * Math.sqrt((share * (1 - share)) / all + Z ** 2 / (4 * all ** 2));
  const per = 1 + Z ** 2 / all;
  return [(middle - half) / per, (middle + half) / per].map((end) => `${(100 * end).toFixed(1)} %`);
};

class Score {
  onMutationTestReportReady({ files }) {
    const known = JSON.parse(readFileSync(EQUIVALENT, 'utf8'));
    const mutants = Object.entries(files).flatMap(([path, { source, mutants: all }]) =>
      all.map((mutant) => ({ ...mutant, path, text: textOf(mutant, source) })),
    );
    const noticed = mutants.filter(({ status }) => NOTICED.includes(status)).length;
    const unnoticed = mutants.filter(({ status }) => UNNOTICED.includes(status));
    const isEquivalent = ({ path, text }) =>
      known.some((one) => one.path === path && one.mutant === text);
    const open = unnoticed.filter((mutant) => !isEquivalent(mutant));
    for (const { path, location, text, status } of open)
      console.log(
        `${path}:${location.start.line}:${location.start.column} ${status}: ${text.slice(0, 300)}`,
      );
    const judged = noticed + open.length;
    console.log(
      `${mutants.length} mutants; seed ${SEED}, sample of ${noticed + unnoticed.length}:`,
    );
    console.log(
      `${noticed} noticed, ${open.length} not, ${unnoticed.length - open.length} shown to change nothing`,
    );
    console.log(
      `score ${((100 * noticed) / judged).toFixed(1)} %, 95 % interval ${intervalOf(noticed, judged).join(' to ')}`,
    );
  }
}

export const strykerPlugins = [
  { kind: 'Checker', name: 'sample', injectableClass: Sample },
  { kind: 'Reporter', name: 'score', injectableClass: Score },
];
