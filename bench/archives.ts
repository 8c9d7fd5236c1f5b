/**
 * How fast is a directory packed? The peer is `tar | gzip` of the same tree in the same run; what is packed here is hashed,
 * listed and synced besides. The memory is that of this process while it packs, its thread's included.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  readFileSync,
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
  readonly files: number;
  readonly bytes: number;
  readonly rounds: number;
}

const planOf = (settings: Settings): Plan => {
  const plan = bySize(settings, {
    smoke: { files: 3_000, bytes: 20_000_000, rounds: 1 },
    normal: { files: 18_000, bytes: 100_000_000, rounds: 5 },
    full: { files: 1_000_000, bytes: 10_000_000_000, rounds: 3 },
  });
  return settings.tree === undefined ? plan : { ...settings.tree, rounds: 1 };
};

const GOAL = 0.8;
const MOST_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 20;
const PER_FOLDER = 1_000;
const LARGE_BYTES = 10_000_000;

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
    settings.say('  copying');
    const copied = await copies(settings.scratch, root);
    sheet.table(
      'Copying, as a fork does',
      ['by', 'MB a second'],
      copied.map(([by, seconds]) => [by, number(made.size / 1e6 / seconds)]),
    );
    rmSync(root, { recursive: true });
    return sheet;
  },
};

/** Half of the files are this checkout's texts, over and over; then come large files of such text, and small ones. */
const makeTree = (
  root: string,
  { files, bytes: wanted }: Plan,
): { files: number; size: number } => {
  mkdirSync(root);
  const copy = (name: string): void => {
    for (const folder of ['src', 'docs', 'test'])
      cpSync(folder, join(root, name, folder), { recursive: true });
  };
  copy('copy-0');
  const one = sizeOf(root);
  const copies = Math.max(1, Math.floor(files / 2 / one.files));
  for (let at = 1; at < copies; at += 1) copy(`copy-${at}`);
  const large = Math.max(0, Math.floor((wanted - copies * one.size) / LARGE_BYTES));
  const text = textOf(join(root, 'copy-0', 'src'));
  mkdirSync(join(root, 'large'));
  for (let file = 0; file < large; file += 1)
    writeFileSync(join(root, 'large', `${file}.txt`), turned(text, file));
  for (let file = copies * one.files + large; file < files; file += 1) {
    const folder = join(root, 'small', String(Math.floor(file / PER_FOLDER)));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${file}.txt`), `file ${file} `.repeat(10));
  }
  return sizeOf(root);
};

/** The texts of a folder, one behind the other, over and over. */
const textOf = (root: string): Buffer => {
  const texts = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  const all = Buffer.concat(texts);
  return Buffer.concat(Array.from({ length: Math.ceil(LARGE_BYTES / all.length) }, () => all));
};

/** Each begins elsewhere, so that no two are equal. */
const turned = (text: Buffer, file: number): Buffer => {
  const from = (file * 7_919) % LARGE_BYTES;
  return Buffer.concat([text.subarray(from, LARGE_BYTES), text.subarray(0, from)]);
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

/** Both bring it to disk. */
const copies = async (scratch: string, root: string): Promise<(readonly [string, number])[]> => {
  const into = join(scratch, 'copy');
  const limits = { entries: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
  const { signal } = new AbortController();
  const by = [
    ['Greenroom', () => inThread('copy', { root, into, limits }, signal)],
    ['`cp -a`, `sync -f`', () => shell('cp -a -- "$0" "$1" && sync -f -- "$1"', root, into)],
  ] as const;
  const found: (readonly [string, number])[] = [];
  for (const [name, work] of by) {
    found.push([name, await secondsOf(work)]);
    rmSync(into, { recursive: true });
  }
  return found;
};

const shell = async (line: string, ...words: readonly string[]): Promise<void> => {
  const child = spawn('sh', ['-c', line, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${line}: ended with ${code}`);
};

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
