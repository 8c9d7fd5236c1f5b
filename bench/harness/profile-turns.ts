/** Turns under the profiler, in a daemon of their own: profiling slows things down, so no figure of rate comes from here. */

import type { AskLoad } from '../programs/client.ts';
import type { Settings } from './bench.ts';
import { number } from './figures.ts';
import { readProfiles, type Share, type ThreadProfile } from './profile.ts';
import type { Client, Scene } from './scene.ts';
import type { Sheet } from './sheet.ts';

const SAMPLING_US = 200;
const MANY = 100;
const OWNERS = 16;
const FUNCTIONS = 30;
const WORKERS = 2;

interface Subject {
  readonly prefix: string;
  readonly title: string;
  readonly modelUrl: string;
  readonly workerFile?: string;
}

export const profileTurns = async (
  scene: Scene,
  sheet: Sheet,
  plan: { readonly sessions: number; readonly maxMs: number },
  { say }: Settings,
): Promise<void> => {
  const client = await scene.client();
  const subjects: readonly Subject[] = [
    {
      prefix: 'instant-profiled',
      title: 'a model step that answers at once',
      modelUrl: 'http://127.0.0.1:9',
      workerFile: 'instant-worker',
    },
    { prefix: 'real-profiled', title: 'the real SDK', modelUrl: await scene.rehearsal() },
  ];
  for (const subject of subjects) {
    say(`  profiling: ${subject.title}`);
    const load = {
      ...{ prefix: subject.prefix, prompt: 'Say something short, please.' },
      sessions: { name: 'session', count: plan.sessions },
    };
    await profileOne(scene, client, sheet, { ...load, maxMs: 2 * plan.maxMs }, subject);
  }
};

/** The same load twice, of which the second time counts. */
export const profileOne = async (
  scene: Scene,
  client: Client,
  sheet: Sheet,
  asked: Omit<AskLoad, 'inFlight' | 'maxCount'>,
  { title, ...options }: Subject,
): Promise<void> => {
  const folder = scene.folder(`${options.prefix}-profiles`);
  const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLING_US}`];
  const daemon = await scene.daemon({ ...options, workers: WORKERS }, nodeArgs);
  const load = { ...asked, inFlight: MANY, maxCount: 200_000 };
  await client.call('ask', load);
  const { atUs: fromUs } = await daemon.call('status', null);
  const { total } = await client.call('ask', load);
  const { atUs: toUs } = await daemon.call('status', null);
  await daemon.call('close', null);
  await daemon.end();
  const threads = readProfiles(folder, { fromUs, toUs }).filter(({ busyUs }) => busyUs > 0);
  tabulateThreads(sheet, title, threads, total);
};

const tabulateThreads = (
  sheet: Sheet,
  title: string,
  threads: readonly ThreadProfile[],
  turns: number,
): void => {
  const perTurn = ({ name, selfUs }: Share): string[] => [number(selfUs / turns), name];
  for (const { name, busyUs, owners, functions } of threads) {
    const thread = `${title}: ${name}, ${number(busyUs / turns)} us a turn`;
    sheet.table(
      `Profile, ${thread}, by folder or package`,
      ['us/turn', 'self time in'],
      owners.slice(0, OWNERS).map(perTurn),
    );
    if (name === 'main thread')
      sheet.table(
        `Profile, ${thread}, by function`,
        ['us/turn', 'self time in'],
        functions.slice(0, FUNCTIONS).map(perTurn),
      );
  }
};
