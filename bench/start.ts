/**
 * How long does a daemon take to be ready that knows many sessions? The real daemon, started as `greenroom start` does
 * it with a broker of its own: without a snapshot of its catalog, with one, and after it was killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, ms, number } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';
import { type Start, startOnce } from './start/daemon-start.ts';
import { makeStore } from './start/store.ts';

const GOAL_MS = 2_000;
const WRITER = fileURLToPath(new URL('../src/app/snapshot-child.js', import.meta.url));

export const start: Bench = {
  name: 'start',
  question: 'How long does a daemon take to be ready that knows a million sessions?',
  run: async (settings) => {
    const sheet = new Sheet();
    const sessions = bySize(settings, { smoke: 2_000, normal: 200_000, full: 1_000_000 });
    const dir = join(settings.scratch, 'start');
    describeMachine(sheet, settings.scratch);
    sheet.configure('sessions', `${number(sessions)}, a title and 0-5 tags each, no messages`);
    sheet.configure('page cache', 'warm; the load of the machine stands beside each start');
    settings.say('  making the store');
    await makeStore(join(dir, 'store'), sessions);
    await play(sheet, settings, dir, sessions);
    return sheet;
  },
};

const play = async (
  sheet: Sheet,
  settings: Settings,
  dir: string,
  sessions: number,
): Promise<void> => {
  const snapshot = join(dir, 'catalog.snapshot');
  const starts: Start[] = [];
  const begin = async (name: string, signal: NodeJS.Signals) => {
    settings.say(`  ${name}`);
    starts.push(await startOnce(name, dir, signal));
  };
  await begin('from the rows', 'SIGTERM');
  const written = await writeSnapshot(dir, snapshot);
  // A small catalog has no snapshot of its own: the daemon takes one away some seconds after its start.
  await begin('from the snapshot', 'SIGTERM');
  await begin('the same again', 'SIGKILL');
  await begin('after a kill', 'SIGTERM');
  sheet.table(
    'Starts, from the start of the process until it is ready',
    ['start', 'ready', 'the catalog', 'bare node', 'peak memory', 'load of the machine'],
    starts.map((it) => [
      ...[it.name, ms(it.readyMs), `${ms(it.catalogMs)} ${it.from}`, ms(it.nodeMs)],
      ...[bytes(it.peakBytes), it.load.toFixed(1)],
    ]),
  );
  const floorMs = bareRead(snapshot);
  sheet.table(
    'The snapshot',
    ['size', 'written by its process in', 'bare read of its bytes', 'data file'],
    [
      [
        ...[bytes(statSync(snapshot).size), ms(written), ms(floorMs)],
        bytes(statSync(join(dir, 'store', 'data.mdb')).size),
      ],
    ],
  );
  const best = Math.min(...starts.slice(1, 3).map(({ readyMs }) => readyMs));
  sheet.goal('ready, from the snapshot', `<= ${ms(GOAL_MS)}`, ms(best), best <= GOAL_MS);
  for (const it of starts)
    sheet.check(`all are known: ${it.name}`, it.sessions === sessions, number(it.sessions));
};

const bareRead = (path: string): number => {
  const startMs = performance.now();
  readFileSync(path);
  return performance.now() - startMs;
};

const writeSnapshot = async (dir: string, path: string): Promise<number> => {
  const startMs = performance.now();
  const child = spawn(process.execPath, [WRITER, join(dir, 'store'), path], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - startMs;
};
