/**
 * `npm run mutants`: makes small mistakes in the state machine, the search, its query language and the runtime, one at a
 * time, and counts how many the tests notice. All of them take hours, so it tries a sample of each part, the same for the same seed.
 *
 *   MUTANTS_COUNT=100 MUTANTS_SEED=1 npm run mutants [-- machine|search|query|otp|FILE…]
 *
 * Stryker is installed when it is missing, into this folder and never with the product.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.mjs';
import { AREAS, areaOf } from './areas.mjs';
import { scoreLine, sumOf } from './score.mjs';

/** Mutants of each part. */
const COUNT = Number(process.env.MUTANTS_COUNT ?? 100);
const SEED = process.env.MUTANTS_SEED ?? '1';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(FOLDER));
const STRYKER = join(FOLDER, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
/** What the processes of a run tell each other. */
const NOTES = join(ROOT, '.greenroom');
const PLAN = join(NOTES, 'mutants-plan.json');
const TALLY = join(NOTES, 'mutants-tally.json');

const install = () =>
  // Stryker asks for vitest, which lies above.
  run('npm', ['ci', '--legacy-peer-deps', '--no-audit', '--no-fund'], { cwd: FOLDER });

/** Of each area that is wanted: the files to make mistakes in. */
const wanted = async (words) => {
  const { sourcesIn } = await import('./choose.mjs');
  const areas = words.length === 0 ? Object.keys(AREAS) : words.filter((word) => word in AREAS);
  const files = words.filter((word) => !(word in AREAS));
  const strange = files.find((file) => areaOf(file) === undefined);
  if (strange !== undefined) throw new Error(`${strange} is in none of ${Object.keys(AREAS)}`);
  const all = [...files, ...areas.flatMap((area) => sourcesIn(AREAS[area].folder))];
  return Object.keys(AREAS)
    .map((area) => ({ area, files: all.filter((file) => areaOf(file) === area) }))
    .filter((part) => part.files.length > 0);
};

const judge = async ({ area, files }) => {
  const { choose } = await import('./choose.mjs');
  const plan = await choose(files, SEED, COUNT);
  writeFileSync(PLAN, JSON.stringify(plan));
  await run(process.execPath, [STRYKER, 'run', join(FOLDER, 'stryker.config.mjs')], {
    cwd: ROOT,
    env: { ...process.env, MUTANTS_AREA: area, MUTANTS_PLAN: PLAN, MUTANTS_TALLY: TALLY },
  });
  const tally = { all: plan.all, ...JSON.parse(readFileSync(TALLY, 'utf8')) };
  console.log(`${area}: ${scoreLine(tally)}`);
  return tally;
};

try {
  process.chdir(ROOT);
  if (!existsSync(STRYKER)) await install();
  mkdirSync(NOTES, { recursive: true });
  const tallies = [];
  for (const part of await wanted(process.argv.slice(2))) tallies.push(await judge(part));
  console.log(`seed ${SEED}, ${scoreLine(sumOf(tallies))}`);
} catch (error) {
  process.stderr.write(`mutants: ${error.message}\n`);
  process.exitCode = 1;
}
