/**
 * How soon does a command say something? The built command line against a running daemon, from the start of its process to
 * the first byte of its output, beside what Node itself takes for nothing (`node -e 0`), in turns.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { ms, number, spread, times } from './harness/figures.ts';
import { describeComputer } from './harness/machine.ts';
import { Rounds } from './harness/rounds.ts';
import { Sheet } from './harness/sheet.ts';

const GOAL = 2;
const BUNDLE = fileURLToPath(new URL('../cli/main.cjs', import.meta.url));
const MODULES = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const NODE = 'node -e 0';

interface Run {
  /** Until the first byte; of what says nothing, until its end. */
  readonly wallMs: number;
  /** Until its end, by the kernel's account: in steps of 10 ms, so only sums mean something. */
  readonly cpuMs: number;
  readonly exitCode: number | null;
}

export const commands: Bench = {
  name: 'commands',
  question: 'How soon does a command say something, beside Node alone?',
  run: async (settings) => {
    const sheet = new Sheet();
    const rounds = bySize(settings, { smoke: 3, normal: 40, full: 200 });
    const data = join(settings.scratch, 'commands');
    describeComputer(sheet);
    sheet.configure('rounds', number(rounds));
    const end = await startDaemon(data);
    try {
      report(sheet, await play(settings, data, rounds));
    } finally {
      await end();
    }
    return sheet;
  },
};

const CALLS = { status: ['status'], search: ['sessions', 'search', 'tag:none'] } as const;

const play = async (settings: Settings, data: string, count: number): Promise<Rounds<Run>> => {
  const rounds = new Rounds<Run>();
  const rivals: [string, readonly string[]][] = [[NODE, ['-e', '0']]];
  for (const [name, words] of Object.entries(CALLS))
    rivals.push([name, [BUNDLE, ...words, '--data', data]]);
  rivals.push(['status, not bundled', [MODULES, ...CALLS.status, '--data', data]]);
  for (const [, args] of rivals) await call(args); // what the first one reads from the disk
  settings.say(`  ${count} rounds`);
  for (let round = 0; round < count; round += 1)
    for (const [name, args] of rivals) rounds.add(name, await call(args));
  return rounds;
};

const call = async (args: readonly string[]): Promise<Run> => {
  const [cpuMs, startMs] = [endedChildrenMs(), performance.now()];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let wallMs: number | undefined;
  child.stdout.once('data', () => {
    wallMs = performance.now() - startMs;
  });
  child.stdout.resume();
  await once(child, 'close');
  wallMs ??= performance.now() - startMs;
  return { wallMs, cpuMs: endedChildrenMs() - cpuMs, exitCode: child.exitCode };
};

/** User and system time of the children of this process that have ended. */
const endedChildrenMs = (): number => {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
};

const report = (sheet: Sheet, rounds: Rounds<Run>): void => {
  const names = [NODE, ...Object.keys(CALLS), 'status, not bundled'];
  const cpu = (name: string) => {
    const all = rounds.each(name, ({ cpuMs }) => cpuMs);
    return all.reduce((sum, each) => sum + each, 0) / all.length;
  };
  const wall = ({ wallMs }: Run) => wallMs;
  sheet.table(
    'From the start of the process to its first byte',
    ['command', 'p50', 'of Node alone', 'spread', 'CPU to the end, mean', 'of Node alone'],
    names.map((name) => [
      ...[name, ms(rounds.median(name, wall)), times(rounds.ratio(name, NODE, wall))],
      spread(rounds.each(name, wall)),
      ...[ms(cpu(name)), times(cpu(name) / cpu(NODE))],
    ]),
  );
  for (const name of Object.keys(CALLS)) {
    const ratio = rounds.ratio(name, NODE, wall);
    const most = Math.min(ratio, cpu(name) / cpu(NODE));
    sheet.goal(
      `${name}, wall or CPU, to Node alone`,
      `<= ${GOAL}`,
      `${times(ratio)}, ${times(cpu(name) / cpu(NODE))}`,
      most <= GOAL,
    );
    const codes = new Set(rounds.all(name).map(({ exitCode }) => exitCode));
    sheet.check(`${name} succeeds each time`, codes.size === 1 && codes.has(0), [...codes].join());
  }
};

/** Gives how to end it. */
const startDaemon = async (data: string): Promise<() => Promise<unknown>> => {
  const args = [BUNDLE, 'start', '--data', data, '--port', '0', '--provider', 'rehearsal'];
  const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(daemon, 'exit');
  for await (const line of createInterface({ input: daemon.stderr }))
    if ((JSON.parse(line) as { msg: string }).msg === 'ready') break;
  daemon.stderr.resume();
  return () => {
    daemon.kill('SIGTERM');
    return exited;
  };
};
