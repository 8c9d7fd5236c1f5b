/**
 * Does a start take longer the more is stored? The real daemon over one store of transcripts that grows, of the sizes that
 * `--gigabytes` names: after an end in order, and after a kill, which has the pages walked first.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FILE } from '../src/storage/files/data-file.ts';
import { type Bench, bySize, type Settings, type Size } from './harness/bench.ts';
import { bytes, ms, number, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';
import { type Start, startOnce } from './start/daemon-start.ts';
import { fillStore } from './start/transcripts.ts';

const GOAL_MS = 3_000;
/** How much longer the start of the largest store may take than that of the smallest: what is measured moves so much. */
const GOAL_GROWTH = 1.25;

export const startLarge: Bench = {
  name: 'start-large',
  question: 'Does a start take longer the more is stored?',
  run: async (settings) => {
    const sheet = new Sheet();
    const sizes = settings.gigabytes ?? bySize(settings, SIZES);
    describeMachine(sheet, settings.scratch);
    sheet.configure('sessions', 'of 500 messages, about 700 kB each');
    sheet.configure('page cache', 'as making the store has left it');
    const dir = join(settings.scratch, 'start-large');
    const measured: Measured[] = [];
    let sessions = 0;
    for (const gigabytes of sizes.toSorted((a, b) => a - b)) {
      settings.say(`  making ${gigabytes} GB`);
      sessions += await fillStore(join(dir, 'store'), gigabytes * 1e9, settings.say);
      measured.push(await measure(dir, sessions, settings));
    }
    report(sheet, measured);
    return sheet;
  },
};

const SIZES: Readonly<Record<Size, readonly number[]>> = {
  smoke: [0.05],
  normal: [2],
  full: [5, 10, 20],
};

interface Measured {
  readonly sessions: number;
  readonly fileBytes: number;
  readonly starts: readonly Start[];
}

const IN_ORDER = ['after it was made', 'after an end in order'];
const KILLED = 'after a kill';

const measure = async (dir: string, sessions: number, settings: Settings): Promise<Measured> => {
  const starts: Start[] = [];
  const begin = async (name: string, signal: NodeJS.Signals): Promise<void> => {
    settings.say(`  ${name}`);
    starts.push(await startOnce(name, dir, signal));
  };
  const [first = '', second = ''] = IN_ORDER;
  await begin(first, 'SIGTERM');
  await begin(second, 'SIGKILL');
  await begin(KILLED, 'SIGTERM');
  return { sessions, fileBytes: statSync(join(dir, 'store', DATA_FILE)).size, starts };
};

const bestOf = ({ starts }: Measured, of: 'readyMs' | 'cpuMs'): number =>
  Math.min(...starts.filter(({ name }) => IN_ORDER.includes(name)).map((it) => it[of]));

const report = (sheet: Sheet, measured: readonly Measured[]): void => {
  sheet.table(
    'Starts, from the start of the process until it is ready',
    [
      'data file',
      'sessions',
      'start',
      'ready',
      'processor time',
      'bare node',
      'peak memory',
      'load of the machine',
    ],
    measured.flatMap(({ fileBytes, sessions, starts }) =>
      starts.map((it) => [
        ...[
          bytes(fileBytes),
          number(sessions),
          it.name,
          ms(it.readyMs),
          ms(it.cpuMs),
          ms(it.nodeMs),
        ],
        ...[bytes(it.peakBytes), it.load.toFixed(1)],
      ]),
    ),
  );
  const readyMs = Math.max(...measured.map((it) => bestOf(it, 'readyMs')));
  sheet.goal(
    'ready with each of them, after an end in order',
    `<= ${ms(GOAL_MS)}`,
    ms(readyMs),
    readyMs <= GOAL_MS,
  );
  const cpu = measured.map((it) => bestOf(it, 'cpuMs'));
  const growth = (cpu.at(-1) ?? 0) / (cpu[0] ?? 0);
  if (measured.length > 1)
    sheet.goal(
      'processor time with the largest beside the smallest',
      `<= ${times(GOAL_GROWTH)}`,
      times(growth),
      growth <= GOAL_GROWTH,
    );
  for (const { fileBytes, sessions, starts } of measured)
    for (const it of starts)
      sheet.check(
        `all of ${bytes(fileBytes)} are known: ${it.name}`,
        it.sessions === sessions,
        number(it.sessions),
      );
};
