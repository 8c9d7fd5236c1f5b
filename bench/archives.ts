/**
 * How fast is a directory packed? The peer is `tar | gzip` of the same tree in the same run; what is packed here is hashed,
 * listed and synced besides. The memory is that of this process while it packs, its thread's included.
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inThread } from '../src/archives/archive-worker.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, median, number, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';

interface Plan {
  /** Copies of this checkout's texts. */
  readonly copies: number;
  /** Files of 100 bytes besides. */
  readonly small: number;
  readonly rounds: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { copies: 1, small: 100, rounds: 1 },
    normal: { copies: 6, small: 5_000, rounds: 5 },
    full: { copies: 600, small: 990_000, rounds: 3 },
  });

const GOAL = 0.8;
const MOST_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 20;
const PER_FOLDER = 1_000;

export const archives: Bench = {
  name: 'archives',
  question: 'How fast is a directory packed, beside `tar | gzip`, and in how much memory?',
  run: async (settings) => {
    const sheet = new Sheet();
    describeMachine(sheet, settings.scratch);
    const plan = planOf(settings);
    const root = join(settings.scratch, 'tree');
    settings.say('  making the tree');
    const made = makeTree(root, plan);
    sheet.configure('tree', `${number(made.files)} files, ${bytes(made.size)}`);
    const into = join(settings.scratch, 'packed');
    const ours: number[] = [];
    const theirs: number[] = [];
    let most = 0;
    await pack(root, into); // what is read is in the cache for both
    for (let round = 0; round < plan.rounds; round += 1) {
      settings.say(`  round ${round + 1} of ${plan.rounds}`);
      const work = [
        async () => theirs.push(made.size / 1e6 / (await secondsOf(() => tarAndGzip(root, into)))),
        async () => {
          const memory = new Memory();
          ours.push(made.size / 1e6 / (await secondsOf(() => pack(root, into))));
          most = Math.max(most, memory.end());
        },
      ];
      for (const each of round % 2 === 0 ? work : work.toReversed()) await each();
    }
    const ratio = median(ours) / median(theirs);
    sheet.table(
      'Packing',
      ['by', 'MB a second', 'spread'],
      [
        ['Greenroom', number(median(ours)), spread(ours)],
        ['`tar \\| gzip`', number(median(theirs)), spread(theirs)],
      ],
    );
    sheet.goal('packed, of `tar | gzip`', `${GOAL}`, times(ratio), ratio >= GOAL);
    sheet.goal('memory besides', bytes(MOST_BYTES), bytes(most), most <= MOST_BYTES);
    rmSync(root, { recursive: true });
    return sheet;
  },
};

const makeTree = (root: string, { copies, small }: Plan): { files: number; size: number } => {
  for (let copy = 0; copy < copies; copy += 1)
    for (const folder of ['src', 'docs', 'test'])
      cpSync(folder, join(root, `copy-${copy}`, folder), { recursive: true });
  for (let file = 0; file < small; file += 1) {
    const folder = join(root, 'small', String(Math.floor(file / PER_FOLDER)));
    if (file % PER_FOLDER === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${file}.txt`), `file ${file} `.repeat(10));
  }
  return sizeOf(root);
};

const sizeOf = (root: string): { files: number; size: number } => {
  let [files, size] = [0, 0];
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const at = join(root, entry.name);
    if (entry.isDirectory()) {
      const inner = sizeOf(at);
      [files, size] = [files + inner.files, size + inner.size];
    } else if (entry.isFile()) [files, size] = [files + 1, size + statSync(at).size];
  }
  return { files, size };
};

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1_000;
};

const pack = (root: string, into: string): Promise<unknown> =>
  inThread(
    'pack',
    { root, into, listInto: `${into}.list`, compression: 'gzip', exclude: [] },
    new AbortController().signal,
  );

const tarAndGzip = async (root: string, into: string): Promise<void> => {
  const tar = spawn('tar', ['-cf', '-', '-C', root, '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gzip = spawn('gzip', ['-6'], { stdio: [tar.stdout, 'pipe', 'inherit'] });
  await pipeline(gzip.stdout, createWriteStream(into));
};

/** The most that the process has beyond what it had. */
class Memory {
  readonly #before = process.memoryUsage.rss();
  #most = this.#before;
  readonly #timer = setInterval(() => {
    this.#most = Math.max(this.#most, process.memoryUsage.rss());
  }, LOOK_MS);

  end(): number {
    clearInterval(this.#timer);
    return this.#most - this.#before;
  }
}
