/** `greenroom top`: what the daemon does, as it does it: turns, money, commits, memory, each as a small picture. */
import { pause } from '../../otp/clock.ts';
import { systemClock } from '../../otp/system-clock.ts';
import type { StatusView } from '../../session/verbs/daemon-verbs.ts';
import { bytes, grouped, money } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { sparkline } from '../sparkline.ts';
import { parseCount } from '../values.ts';

interface TopOptions {
  readonly interval: number;
  readonly count?: number;
}

/** Totals at a moment. */
export interface Sample {
  readonly atMs: number;
  /** How long the daemon took to answer, in milliseconds. */
  readonly answerMs: number;
  readonly turns: number;
  readonly costUsd: number;
  readonly running: number;
  readonly waiting: number;
  readonly status: StatusView;
}

/** What came between two samples, and what there is. */
export interface Rates {
  readonly turnsPerMinute: number;
  readonly usdPerMinute: number;
  readonly commitsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly answerMs: number;
  readonly running: number;
  readonly waiting: number;
  readonly liveSessions: number;
  readonly memoryBytes: number;
}

export const registerTop = (registration: Registration): void => {
  registration.program
    .command('top')
    .description('what the daemon does, as it does it, until Ctrl-C')
    .option('--interval <seconds>', 'between two looks', parseCount, 2)
    .option('--count <n>', 'end after so many', parseCount)
    .action(
      act<[], TopOptions>(registration, (run, _, options) =>
        run.withDaemon((daemon) => watch(daemon, run, options)),
      ),
    );
};

/** Looks that are drawn. */
const DRAWN = 60;

const watch = async (
  daemon: DaemonClient,
  run: Invocation,
  { interval, count = Number.POSITIVE_INFINITY }: TopOptions,
): Promise<void> => {
  const isTerminal = run.out.width !== Number.POSITIVE_INFINITY && !run.out.isJson;
  let before = await sampleOf(daemon, run);
  let rates: readonly Rates[] = [];
  for (let look = 0; look < count; look += 1) {
    await pause(systemClock, interval * 1_000);
    const sample = await sampleOf(daemon, run);
    rates = [...rates.slice(1 - DRAWN), ratesOf(before, sample)];
    before = sample;
    if (isTerminal) draw(run, rates);
    else run.out.one(rates.at(-1), () => plainLine(rates.at(-1)));
    await run.out.drained();
  }
};

const sampleOf = async (daemon: DaemonClient, run: Invocation): Promise<Sample> => {
  const beganMs = run.shell.nowMs();
  const status = (await daemon.daemon('status', {})) as StatusView;
  const answerMs = run.shell.nowMs() - beganMs;
  const [all, running, waiting] = await Promise.all([
    daemon.sessions('count', {}),
    daemon.sessions('count', { status: ['running'] }),
    daemon.sessions('count', { status: ['waiting'] }),
  ]);
  return {
    ...{ atMs: run.shell.nowMs(), answerMs, status },
    ...{ turns: all.turns, costUsd: all.costUsd, running: running.count, waiting: waiting.count },
  };
};

/** Sessions that were deleted take their turns out of the totals: there is nothing below zero. */
export const ratesOf = (before: Sample, now: Sample): Rates => {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
  const per = (of: (sample: Sample) => number, span: number): number =>
    Math.max(0, ((of(now) - of(before)) * span) / seconds);
  return {
    turnsPerMinute: per(({ turns }) => turns, 60),
    usdPerMinute: per(({ costUsd }) => costUsd, 60),
    commitsPerSecond: per(({ status }) => status.journal?.commits ?? 0, 1),
    bytesPerSecond: per(({ status }) => status.journal?.bytesWritten ?? 0, 1),
    ...{ answerMs: now.answerMs, running: now.running, waiting: now.waiting },
    ...{ liveSessions: now.status.liveSessions, memoryBytes: now.status.memoryBytes },
  };
};

const LINES: readonly (readonly [
  label: string,
  of: (rates: Rates) => number,
  shown: (value: number) => string,
])[] = [
  ['turns a minute', ({ turnsPerMinute }) => turnsPerMinute, (value) => grouped(value)],
  ['money a minute', ({ usdPerMinute }) => usdPerMinute, (value) => money(value)],
  ['running', ({ running }) => running, (value) => grouped(value)],
  ['waiting', ({ waiting }) => waiting, (value) => grouped(value)],
  ['live sessions', ({ liveSessions }) => liveSessions, (value) => grouped(value)],
  ['commits a second', ({ commitsPerSecond }) => commitsPerSecond, (value) => value.toFixed(1)],
  ['written a second', ({ bytesPerSecond }) => bytesPerSecond, (value) => bytes(Math.round(value))],
  ['memory', ({ memoryBytes }) => memoryBytes, (value) => bytes(value)],
  ['answers in', ({ answerMs }) => answerMs, (value) => `${grouped(value)} ms`],
];

const LABEL = 18;
const VALUE = 12;

export const pictureOf = (rates: readonly Rates[], width: number): string => {
  const last = rates.at(-1);
  if (last === undefined) return '';
  const room = Math.max(10, Math.min(DRAWN, width - LABEL - VALUE - 1));
  return LINES.map(([label, of, shown]) => {
    const picture = sparkline(rates.slice(-room).map(of), room);
    return `${label.padEnd(LABEL)}${shown(of(last)).padStart(VALUE)} ${picture}\n`;
  }).join('');
};

/** In the place of the one before. */
const draw = (run: Invocation, rates: readonly Rates[]): void => {
  const { stdout } = run.shell;
  if (rates.length > 1) stdout.exactly(`\u001b[${LINES.length}A\u001b[J`);
  run.out.text(pictureOf(rates, run.out.width));
};

const plainLine = (rates: Rates | undefined): string =>
  rates === undefined
    ? ''
    : `${LINES.map(([label, of, shown]) => `${label} ${shown(of(rates))}`).join(', ')}\n`;
