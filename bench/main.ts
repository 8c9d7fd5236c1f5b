/**
 * `npm run bench -- [name …] [--smoke | --full] [--minutes N] [--tree FILES,MB] [--gigabytes N,…] [--profile] [--dir FOLDER]`: runs benches one
 * after another and prints their sheets; writes them to RESULTS.md, but for smoke runs. Ends with 1
 * when a check failed: then the figures mean nothing. A missed goal is printed and is no failure.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { archives } from './archives.ts';
import { breaker } from './breaker.ts';
import { clients } from './clients.ts';
import { commands } from './commands.ts';
import { fairness } from './fairness.ts';
import { floor } from './floor.ts';
import { forks } from './forks.ts';
import type { Bench, Settings, Size } from './harness/bench.ts';
import { keepResult } from './harness/results.ts';
import type { Sheet } from './harness/sheet.ts';
import { history } from './history.ts';
import { hooks } from './hooks.ts';
import { http } from './http.ts';
import { journal } from './journal.ts';
import { liveQueries } from './live-queries.ts';
import { memory } from './memory.ts';
import { metrics } from './metrics.ts';
import { otp } from './otp.ts';
import { page } from './page.ts';
import { permissions } from './permissions.ts';
import { search } from './search.ts';
import { sessions } from './sessions.ts';
import { soak } from './soak.ts';
import { soakMixed } from './soak-mixed.ts';
import { start } from './start.ts';
import { startLarge } from './start-large.ts';
import { storesServers } from './stores-servers.ts';
import { text } from './text.ts';
import { toolMemory } from './tool-memory.ts';
import { toolStreams } from './tool-streams.ts';
import { toolTurns } from './tool-turns.ts';
import { turns } from './turns.ts';

const BENCHES: readonly Bench[] = [
  otp,
  floor,
  journal,
  turns,
  toolTurns,
  toolStreams,
  toolMemory,
  sessions,
  history,
  forks,
  search,
  liveQueries,
  text,
  permissions,
  hooks,
  metrics,
  archives,
  fairness,
  breaker,
  memory,
  start,
  startLarge,
  commands,
  clients,
  http,
  page,
  soak,
  soakMixed,
  storesServers,
];
const NAMES = BENCHES.map(({ name }) => name);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    tree: { type: 'string' },
    gigabytes: { type: 'string' },
    dir: { type: 'string', default: resolve(ROOT, '.greenroom') },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const sizeAsked = (): Size => {
  if (values.smoke) return 'smoke';
  return values.full ? 'full' : 'normal';
};

const minutesAsked = (): number | undefined => {
  if (values.minutes === undefined) return undefined;
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error('--minutes takes a number above 0');
  return minutes;
};

const treeAsked = (): Settings['tree'] => {
  if (values.tree === undefined) return undefined;
  const [, files, megabytes] = /^(\d+),(\d+)$/.exec(values.tree) ?? [];
  if (files === undefined) throw new Error('--tree takes two numbers, such as 100000,1000');
  return { files: Number(files), bytes: Number(megabytes) * 1_000_000 };
};

const gigabytesAsked = (): readonly number[] | undefined => {
  const sizes = values.gigabytes?.split(',').map(Number);
  if (sizes?.every((size) => size > 0) === false)
    throw new Error('--gigabytes takes numbers above 0, such as 5,10,20');
  return sizes;
};

const chosen = (): readonly Bench[] => {
  const unknown = positionals.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new Error(`no bench ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  return positionals.length === 0
    ? BENCHES
    : BENCHES.filter(({ name }) => positionals.includes(name));
};

const sectionOf = ({ name, question }: Bench, sheet: Sheet, size: Size): string =>
  `## ${name}\n\n${question} (${new Date().toISOString().slice(0, 10)}, size ${size})\n\n${sheet.toMarkdown()}`;

const runBench = async (bench: Bench, settings: Settings): Promise<boolean> => {
  say(`${bench.name}: ${bench.question}`);
  const sheet = await bench.run(settings);
  const section = sectionOf(bench, sheet, settings.size);
  process.stdout.write(`\n${section}\n\n`);
  for (const { what, measured, wanted } of sheet.missedGoals)
    say(`${bench.name}: goal missed: ${what}: ${measured}, wanted ${wanted}`);
  for (const { what, found } of sheet.failedChecks)
    say(`${bench.name}: CHECK FAILED: ${what}: ${found}`);
  const isGood = sheet.failedChecks.length === 0;
  if (isGood && settings.size !== 'smoke') keepResult(NAMES, bench.name, section);
  return isGood;
};

const run = async (): Promise<void> => {
  const benches = chosen();
  mkdirSync(values.dir, { recursive: true });
  const scratch = mkdtempSync(resolve(values.dir, 'bench-'));
  try {
    for (const bench of benches) {
      const isGood = await runBench(bench, {
        size: sizeAsked(),
        scratch,
        profile: values.profile,
        minutes: minutesAsked(),
        tree: treeAsked(),
        gigabytes: gigabytesAsked(),
        say,
      });
      if (!isGood) process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

run().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
