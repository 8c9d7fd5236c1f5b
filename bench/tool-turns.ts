/**
 * A turn with two tool calls, durable, beside the bare SDK that answers the same two calls in a loop, against the same
 * rehearsal server. Each has a process of its own and they take turns. The loop keeps nothing, asks nobody and reads the
 * file in its own process: it is what we add everything to.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_TOOLS } from '../src/tools/builtin/all.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, number, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { askDaemon, type Window } from './harness/window.ts';
import type { AskLoad } from './programs/client.ts';
import type { SdkMeasured } from './programs/sdk-loop.ts';

const MODEL = 'claude-sonnet-4-5';
const MAX_COUNT = 100_000;
const WORKERS = 2;

export const toolTurns: Bench = {
  name: 'tool-turns',
  question: 'What does a durable turn with two tool calls cost beside the bare SDK in a loop?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const planOf = (settings: Settings) =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 800, sessions: 50, patienceMs: 0 },
    normal: { rounds: 7, maxMs: 1_500, sessions: 500, patienceMs: 60_000 },
    full: { rounds: 21, maxMs: 3_000, sessions: 2_000, patienceMs: 300_000 },
  });

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  const folder = join(settings.scratch, 'work');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'a.txt');
  writeFileSync(file, 'one\ntwo\nthree\n');
  const prompt = promptOf(file, folder);
  const baseUrl = await scene.rehearsal();
  const loop = scene.sdkLoop();
  const daemon = await scene.daemon({ prefix: 'tools', modelUrl: baseUrl, workers: WORKERS });
  const client = await scene.client();
  const load = (inFlight: number): AskLoad => ({
    ...{ prefix: 'tools', prompt, inFlight, maxCount: MAX_COUNT, maxMs: plan.maxMs },
    session: { workingDirectory: folder, tools: ['Read', 'Glob'] },
    sessions: { name: 'session', count: plan.sessions },
  });
  const sdk = {
    ...{ baseUrl, model: MODEL, prompt, maxCount: MAX_COUNT, maxMs: plan.maxMs },
    fetch: 'the platform' as const,
    tools: toolsOf(),
  };
  sheet.configure(
    'a turn',
    'two model calls; the first answers with Read and Glob, both allowed in the working directory',
  );
  sheet.configure('rounds', `${plan.rounds} of ${plan.maxMs} ms, over ${plan.sessions} sessions`);
  await client.call('ask', { ...load(50), maxCount: plan.sessions, maxMs: 60_000 });
  await loop.call('run', { ...sdk, inFlight: 50, maxCount: plan.sessions, maxMs: 60_000 });
  const quiet = new Quiet(plan.patienceMs, () => scene.pids);
  const rounds = new Rounds<Window>();
  const bare = new Rounds<SdkMeasured>();
  for (let round = 0; round < plan.rounds; round++) {
    settings.say(`  two tool calls a turn, round ${round + 1} of ${plan.rounds}`);
    for (const inFlight of [1, 100]) {
      const [base, ours] = await quiet.round(async () => [
        await loop.call('run', { ...sdk, inFlight }),
        await askDaemon(client, daemon, load(inFlight), settings.scratch),
      ]);
      bare.add(`@${inFlight}`, base);
      rounds.add(`@${inFlight}`, ours);
    }
  }
  describe(sheet, rounds, bare);
  quiet.describe(sheet);
  await daemon.call('close', null);
  return sheet;
};

const promptOf = (file: string, folder: string): string =>
  [
    `Look. [[rehearse: tool=Read input=${JSON.stringify({ file_path: file })}`,
    `tool=Glob input=${JSON.stringify({ pattern: '*.txt', path: folder })}]] [[rehearse: text=done]]`,
  ].join(' ');

const toolsOf = () =>
  FILE_TOOLS.map(({ offered }) => offered)
    .filter(({ name }) => ['Read', 'Glob'].includes(name))
    .map(({ name, description, inputSchema }) => ({
      ...{ name, description, input_schema: inputSchema as { type: 'object' } },
    }));

const describe = (sheet: Sheet, ours: Rounds<Window>, bare: Rounds<SdkMeasured>): void => {
  const rows = [1, 100].map((inFlight) => [
    String(inFlight),
    number(bare.median(`@${inFlight}`, (it) => it.perSecond)),
    number(ours.median(`@${inFlight}`, (it) => it.perSecond)),
    number(bare.median(`@${inFlight}`, (it) => it.p50Ms)),
    number(ours.median(`@${inFlight}`, (it) => it.p50Ms)),
    number(ours.median(`@${inFlight}`, (it) => it.cpuMsEach)),
    number(ours.median(`@${inFlight}`, (it) => it.commits / it.total)),
  ]);
  sheet.table(
    'Turns with two tool calls (medians over rounds)',
    [
      'in flight',
      'SDK /s',
      'ours /s',
      'SDK p50 ms',
      'ours p50 ms',
      'our CPU ms/turn',
      'commits a turn',
    ],
    rows,
  );
  const base = bare.each('@100', (it) => it.perSecond);
  const ratios = ours
    .each('@100', (it) => it.perSecond)
    .map((rate, at) => rate / (base[at] ?? NaN));
  sheet.goal(
    'rate at 100 in flight, of the bare SDK in a loop',
    '>= 0.60',
    `${times(median(ratios))} (${spread(ratios)})`,
    median(ratios) >= 0.6,
  );
};
